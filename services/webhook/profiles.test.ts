import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { ConfigError, loadConfig } from '../platform/chassis/process/config.ts';
import { shapeOf } from '../platform/chassis/process/manifest.ts';
import { manifest } from './manifest.ts';

const secret = 'a-secret-of-16-characters';
const profile = { kind: 'payment', name: 'yamapay', header: 'yamapay-signature', toleranceSeconds: 300, secrets: [secret] };

function load(value: unknown): string | undefined {
  try {
    loadConfig(shapeOf(manifest), { WEBHOOK_PROFILES: typeof value === 'string' ? value : JSON.stringify(value) });
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

test('profiles are found by kind and name, and do not show their secrets', () => {
  const { WEBHOOK_PROFILES: profiles } = loadConfig(shapeOf(manifest), { WEBHOOK_PROFILES: JSON.stringify([profile]) });
  expect(profiles.find('payment', 'yamapay')).toEqual(profile);
  expect(profiles.find('shipment', 'yamapay')).toBeUndefined();
  expect(`${inspect(profiles)} ${JSON.stringify(profiles)} ${String(profiles)}`).not.toContain(secret);
});

test.each<[string, unknown, string]>([
  ['nothing', '', 'WEBHOOK_PROFILES is missing'],
  ['no JSON', '{', 'is not JSON'],
  ['an empty list', [], 'WEBHOOK_PROFILES is wrong'],
  ['an unknown kind', [{ ...profile, kind: 'email' }], '[0].kind'],
  ['a name that is no path segment', [{ ...profile, name: 'Yama Pay' }], '[0].name'],
  ['a header in capitals', [{ ...profile, header: 'Yamapay-Signature' }], 'must be a header name in lower case'],
  ['an endless window', [{ ...profile, toleranceSeconds: 86_400 }], '[0].toleranceSeconds'],
  ['no secret', [{ ...profile, secrets: [] }], '[0].secrets'],
  ['a short secret', [{ ...profile, secrets: ['short'] }], 'must have at least 16 characters'],
  ['a name twice', [profile, { ...profile, kind: 'shipment' }], 'each name must be there once'],
])('%s is named as a fault, without the value', (_, value, fault) => {
  const message = load(value);
  expect(message).toContain('WEBHOOK_PROFILES');
  expect(message).toContain(fault);
  expect(message).not.toContain(secret);
});
