import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { type ConfigError, loadConfig } from '../platform/chassis/process/config.ts';
import { shapeOf } from '../platform/chassis/process/manifest.ts';
import { manifest } from './manifest.ts';

const config = shapeOf(manifest);

const env = { PAYMENT_PROVIDER: 'yamapay', PAYMENT_PROVIDER_URL: 'https://pay.example', PAYMENT_PROVIDER_KEY: 'the-key' };

test('the key does not show itself', () => {
  expect(inspect(loadConfig(config, env))).not.toContain('the-key');
});

test('every fault is named at once, without the value', () => {
  let error: ConfigError | undefined;
  try {
    loadConfig(config, { PAYMENT_PROVIDER: 'Yama Pay', PAYMENT_PROVIDER_URL: 'pay.example' });
  } catch (thrown) {
    error = thrown as ConfigError;
  }
  expect(error?.faults.map((fault) => fault.split(' ')[0])).toEqual(['PAYMENT_PROVIDER', 'PAYMENT_PROVIDER_URL', 'PAYMENT_PROVIDER_KEY']);
  expect(error?.message).not.toContain('Yama Pay');
});
