import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { wasmFilter } from '../gateway/bootstrap/filters/wasm-filter.ts';
import type { JsonObject } from '../gateway/bootstrap/json.ts';
import type { RunningEnvoy } from '../gateway/envoy/start-envoy.ts';
import { cluster, serve } from './testing/on-envoy.ts';
import { echoUpstream, type Upstream } from './testing/upstream.ts';

let upstream: Upstream;
const started: RunningEnvoy[] = [];

beforeAll(async () => {
  upstream = await echoUpstream();
});

afterAll(async () => {
  await Promise.all(started.map((envoy) => envoy.close()));
  upstream.close();
});

/** A filter twice, in one VM: Envoy goes by the id of the VM and its code. What of the headers a..d has come to the upstream. */
async function headersBehind(first: JsonObject, second: JsonObject): Promise<Readonly<Record<string, string>>> {
  const wasmDir = join(import.meta.dirname, 'build');
  const filters = [first, second].map((one) => wasmFilter('dynamic-routing', one, { wasmDir }));
  const routes = [{ match: { prefix: '/' }, route: { cluster: 'main' } }];
  const envoy = await serve({ filters, routes, clusters: [cluster('main', upstream.port)] });
  started.push(envoy);
  const sent = { 'x-a': '1', 'x-b': '1', 'x-c': '1', 'x-d': '1' };
  for (let again = 0; again < 3; again++) await fetch(`http://127.0.0.1:${envoy.ports['main']}/`, { headers: sent });
  const response = await fetch(`http://127.0.0.1:${envoy.ports['main']}/`, { headers: sent });
  return (await response.json()) as Record<string, string>;
}

const removing = (choice: string, service: string): JsonObject => ({
  payloads: ['customer'],
  choice_header: choice,
  headers: { a: service },
});

test('two plugins in one VM each go by their own configuration', async () => {
  const headers = await headersBehind(removing('x-a', 'x-b'), removing('x-c', 'x-d'));
  expect(Object.keys(headers).filter((name) => /^x-[abcd]$/.test(name))).toEqual([]);
});

test('two plugins of one configuration are one', async () => {
  const headers = await headersBehind(removing('x-a', 'x-b'), removing('x-a', 'x-b'));
  expect(headers).toMatchObject({ 'x-c': '1', 'x-d': '1' });
});
