import { describe, expect, it } from 'vitest';
import { findSpannerEmulator } from '../services/platform/testing/spanner/spanner-emulator.ts';
import { findPubsubEmulator } from './pubsub-emulator.ts';

/** CI sets this where the Google Cloud SDK is installed: a target that silently goes missing there is a failure. */
const required = process.env['KUMIKO_REQUIRE_EMULATORS'] === '1';

describe("Google's emulators as further targets of the suites", () => {
  it.runIf(required)('are both found where they are required', () => {
    expect({ spanner: findSpannerEmulator(), pubsub: findPubsubEmulator() }).toEqual({
      spanner: { binary: expect.any(String) },
      pubsub: { jar: expect.any(String) },
    });
  });

  it('are found, or missing for a reason that says what to install', () => {
    for (const found of [findSpannerEmulator(), findPubsubEmulator()]) {
      expect('missing' in found ? found.missing.length : Object.values(found)[0]!.length).toBeGreaterThan(10);
    }
  });
});
