import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPlugin } from '../../gateway/wasm-host/create-plugin.ts';
import type { Plugin, PluginStream } from '../../gateway/wasm-host/host.ts';
import { pluginConfig, ScriptedProxy, ScriptedStream } from '../../gateway/wasm-host/testing/scripted-proxy.ts';

const code = readFileSync(join(import.meta.dirname, '../build/metadata-token.wasm'));
const header = 'x-serverless-authorization';
const start = Date.UTC(2026, 0, 1);
const hour = 3_600_000;
const configuration = {
  metadata_cluster: 'metadata',
  token_header: header,
  audiences: { customer: 'https://customer.example/path?a=1&b=2', partner: 'https://partner.example', open: null },
};

let proxy: ScriptedProxy;
let plugin: Plugin;

beforeEach(async () => {
  vi.useFakeTimers({ now: start, toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  proxy = new ScriptedProxy();
  plugin = await createPlugin(pluginConfig(code, configuration), proxy);
});

afterEach(() => {
  plugin.close();
  expect(proxy.lines.filter((line) => line.startsWith('critical'))).toEqual([]);
  vi.useRealTimers();
});

/** A JWT that expires so many milliseconds from now. */
function jwt(lifetimeMs: number, payload: object = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', kid: 'k' })}.${part({ ...payload, exp: Math.floor((Date.now() + lifetimeMs) / 1000) })}.c2ln`;
}

interface Request {
  readonly stream: PluginStream;
  readonly environment: ScriptedStream;
  readonly action: 'continue' | 'stop';
}

function request(cluster: string | undefined, headers: readonly (readonly [string, string])[] = []): Request {
  const environment = new ScriptedStream([[':path', '/'], ...headers], { cluster_name: cluster });
  const stream = plugin.createStream(environment);
  return { stream, environment, action: stream.onRequestHeaders(true) };
}

const token = ({ environment }: Request): string | undefined => environment.request.get(header);
const metric = (name: string): bigint | undefined => plugin.metrics().find((entry) => entry.name === `metadata_token_${name}`)?.value;

test('the first request waits for the token and goes on with it; the next ones find it cached', () => {
  const first = request('customer');
  expect(first.action).toBe('stop');
  expect(proxy.calls).toHaveLength(1);
  const idToken = jwt(hour);
  proxy.calls[0]!.answer('200', `${idToken}\n`);
  expect(first.environment.continued).toBe(1);
  expect(token(first)).toBe(`Bearer ${idToken}`);
  const second = request('customer');
  expect(second.action).toBe('continue');
  expect(token(second)).toBe(`Bearer ${idToken}`);
  expect(proxy.calls).toHaveLength(1);
  expect(metric('requests')).toBe(2n);
  expect(metric('cache_hits')).toBe(1n);
});

test('asks the metadata server as its documentation says, with the audience URL-encoded', () => {
  request('customer');
  const { cluster, headers, body } = proxy.calls[0]!.request;
  expect(cluster).toBe('metadata');
  expect(body).toHaveLength(0);
  expect([...headers.entries()]).toEqual([
    [':method', 'GET'],
    [
      ':path',
      '/computeMetadata/v1/instance/service-accounts/default/identity?audience=https%3A%2F%2Fcustomer.example%2Fpath%3Fa%3D1%26b%3D2&format=full',
    ],
    [':authority', 'metadata.google.internal'],
    ['metadata-flavor', 'Google'],
  ]);
});
