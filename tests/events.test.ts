import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startPubsub } from '../deploy/local/cloud/pubsub/start-pubsub.ts';
import { systemClock } from '../deploy/local/shared/local-server.ts';
import { type EventsBench, openEventsBench } from './events-bench.ts';
import { eventsSuite } from './events-suite.ts';
import { findPubsubEmulator, startPubsubEmulator } from './pubsub-emulator.ts';
import { type RecordingEndpoint, startRecordingEndpoint } from './recording-endpoint.ts';

interface Target {
  readonly name: string;
  /** Why the target cannot run here; it is then reported as skipped. */
  readonly missing?: string;
  /** Cases that it does otherwise, by name, each with the reason. They have to fail: a case that has come to pass must leave the list. */
  readonly differences: Readonly<Record<string, string>>;
  start(): Promise<{ readonly host: string; close(): Promise<void> }>;
}

const emulator = findPubsubEmulator();

// Otherwise google-auth-library looks for Google's metadata server.
vi.stubEnv('METADATA_SERVER_DETECTION', 'none');

const targets: readonly Target[] = [
  {
    name: 'local Pub/Sub',
    differences: {},
    start: async () => {
      const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-events-'));
      const server = await startPubsub({ port: 0, stateDir, clock: systemClock, mintIdToken: unsignedToken });
      return {
        host: `127.0.0.1:${server.port}`,
        close: async () => {
          await server.close();
          rmSync(stateDir, { recursive: true });
        },
      };
    },
  },
  {
    name: 'Google’s emulator',
    ...('missing' in emulator && { missing: emulator.missing }),
    differences: {
      'a push carries an ID token of the subscription’s account': 'the emulator sends no Authorization header',
      'a push says its ordering key': 'the emulator leaves it out of the body',
      'an ack deadline under ten seconds is refused': 'the emulator takes any',
      'the messages of a key keep their order on pull after one is given back': 'the emulator hands out the next message of the key',
      'a filter that cannot be read is refused': 'the emulator does not read filters',
      'a filter keeps back what does not match': 'the emulator stores filters and ignores them',
      'deliveries with a dead letter policy are counted': 'the emulator sends no deliveryAttempt on push',
      'a publish request of more than 10 MB is refused': 'the emulator measures nothing',
      'a publish request with several ordering keys is refused': 'the emulator takes any',
      'a message of more than 100 attributes is refused': 'the emulator does not look at attributes',
      'an attribute key of more than 256 bytes is refused': 'the emulator does not look at attributes',
      'an attribute value of more than 1024 bytes is refused': 'the emulator does not look at attributes',
      'an attribute key that begins with "goog" is refused': 'the emulator does not look at attributes',
      'an ordering key of more than 1024 bytes is refused': 'the emulator takes any',
    },
    start: () => ('jar' in emulator ? startPubsubEmulator(emulator.jar) : Promise.reject(new Error(emulator.missing))),
  },
];

for (const target of targets) {
  describe.skipIf(target.missing !== undefined)(target.missing ? `${target.name} (skipped: ${target.missing})` : target.name, () => {
    let server: Awaited<ReturnType<Target['start']>>;
    let endpoint: RecordingEndpoint;
    let bench: EventsBench;
    let count = 0;

    beforeAll(async () => {
      server = await target.start();
    });
    afterAll(() => server.close());
    beforeEach(async () => {
      endpoint = await startRecordingEndpoint();
      count += 1;
      bench = openEventsBench(server.host, endpoint, (name) => `case-${count}-${name}`);
    });
    afterEach(async () => {
      const [subscriptions] = await bench.pubsub.getSubscriptions();
      await Promise.all(subscriptions.map((subscription) => subscription.delete()));
      await Promise.all([bench.pubsub.close(), bench.publisher.close(), bench.subscriber.close()]);
      await endpoint.close();
    });

    for (const { name, run } of eventsSuite) {
      const difference = target.differences[name];
      if (difference === undefined) it(name, () => run(bench));
      else it.fails(`${name} (known difference: ${difference})`, () => run(bench));
    }

    it('has differences of cases in the suite only', () => {
      expect(eventsSuite.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(target.differences)));
    });
  });
}

// The suite looks at the claims only; signatures are the issuer's business.
async function unsignedToken(email: string, audience: string): Promise<string> {
  return `e30.${Buffer.from(JSON.stringify({ email, aud: audience })).toString('base64url')}.`;
}
