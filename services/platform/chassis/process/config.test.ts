import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { chassisShape, httpUrl, loadConfig, secret } from './config.ts';
import type { Secret } from './secret.ts';

const url = { URL: httpUrl };

test('parses what is there and fills in defaults', () => {
  const shape = { ...url, LIMIT: z.coerce.number().int().default(5).describe('a whole number') };
  expect(loadConfig(shape, { URL: 'http://127.0.0.1:1', OTHER: 'x' })).toEqual({ URL: 'http://127.0.0.1:1', LIMIT: 5 });
});

test('takes an empty variable for a missing one', () => {
  expect(() => loadConfig(url, { URL: '' })).toThrow('URL is missing: expected an http:// or https:// URL');
});

test('tells every fault at once, with what is accepted and without the value', () => {
  const faults = () => loadConfig({ ...chassisShape, ...url }, { PORT: '70000', LOG_LEVEL: 'loud', URL: 'ftp://hidden' });
  expect(faults).toThrow(/PORT is wrong: expected a port from 0 to 65535, 0 for any that is free/);
  expect(faults).toThrow(/LOG_LEVEL is wrong: expected trace, debug, info, warn, error, fatal or silent/);
  expect(faults).toThrow(/GOOGLE_CLOUD_PROJECT is missing: expected the id of the Google Cloud project/);
  expect(faults).not.toThrow(/hidden/);
});

test('reads the list of operators, which may be empty', () => {
  const shape = { OPERATOR_EMAILS: chassisShape.OPERATOR_EMAILS };
  expect(loadConfig(shape, { OPERATOR_EMAILS: 'a@kumiko.example, b@kumiko.example' }).OPERATOR_EMAILS).toEqual([
    'a@kumiko.example',
    'b@kumiko.example',
  ]);
  expect(loadConfig(shape, {}).OPERATOR_EMAILS).toEqual([]);
});

test('a secret shows itself only when asked to', () => {
  const { KEY } = loadConfig({ KEY: secret }, { KEY: 'hush' }) as { KEY: Secret };
  expect(KEY.reveal()).toBe('hush');
  expect(`${KEY} ${JSON.stringify({ KEY })} ${inspect(KEY)} ${inspect({ KEY })}`).not.toContain('hush');
});
