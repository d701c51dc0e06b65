import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPlugin } from '../gateway/wasm-host/create-plugin.ts';
import { HeaderList } from '../gateway/wasm-host/header-list.ts';
import type { HeaderMap, Plugin, PluginEnvironment, StreamEnvironment } from '../gateway/wasm-host/host.ts';
import { compileFixture } from '../gateway/wasm-host/testing/compile-fixture.ts';
import { pluginConfig } from '../gateway/wasm-host/testing/scripted-proxy.ts';

export const question = 'What does the metadata-token filter cost per request with a cached token, and does its memory stay flat?';

const requests = 1_000_000;
const rounds = 10;
const pageBytes = 65_536;
const header = 'x-serverless-authorization';

const configuration = {
  metadata_cluster: 'metadata',
  token_header: header,
  audiences: { customer: 'https://customer.example', partner: 'https://partner.example', webhook: 'https://webhook.example' },
};

/** A filter that is called for the same moments of a stream, and does nothing. */
const noop = `
export function proxy_on_context_create(id: u32, parent: u32): void {}
export function proxy_on_request_headers(id: u32, headers: u32, endOfStream: u32): u32 { return 0; }
export function proxy_on_delete(id: u32): void {}
`;

/** Runs the bench: both filters in turn, so that the machine's moods hit both. */
export async function run(report: (line: string) => void): Promise<void> {
  const environment = tokenEnvironment();
  const code = readFileSync(join(import.meta.dirname, '../wasm-filters/build/metadata-token.wasm'));
  const filter = await createPlugin(pluginConfig(code, configuration), environment);
  const baseline = await createPlugin(pluginConfig(await compileFixture(noop), ''), environment);
  const stream = requestStream('webhook');
  pass(filter, stream, 1);
  await new Promise(setImmediate);
  const pagesBefore = filter.memoryBytes() / pageBytes;
  pass(filter, stream, 20_000);
  pass(baseline, stream, 20_000);

  const filterTimes: number[] = [];
  const baselineTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    filterTimes.push(microsecondsPerRequest(filter, stream, requests / rounds));
    baselineTimes.push(microsecondsPerRequest(baseline, stream, requests / rounds));
  }
  if (!stream.headers('request-headers')?.get(header)?.startsWith('Bearer ')) throw new Error('the filter did not set a token');
  const cost = median(filterTimes);
  const noopCost = median(baselineTimes);
  report(
    `metadata-token: ${cost.toFixed(2)} µs per request (no-op filter ${noopCost.toFixed(2)} µs, difference ${(cost - noopCost).toFixed(2)} µs)`,
  );
  report(`wasm memory: ${pagesBefore} page(s) of 64 KiB before, ${filter.memoryBytes() / pageBytes} after ${requests} requests`);
  filter.close();
  baseline.close();
}

function microsecondsPerRequest(plugin: Plugin, environment: StreamEnvironment, count: number): number {
  const start = performance.now();
  pass(plugin, environment, count);
  return ((performance.now() - start) * 1000) / count;
}

function pass(plugin: Plugin, environment: StreamEnvironment, count: number): void {
  for (let i = 0; i < count; i++) {
    const stream = plugin.createStream(environment);
    stream.onRequestHeaders(true);
    stream.onDone();
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** Gives every call a token of the size that Google's have. */
function tokenEnvironment(): PluginEnvironment {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return {
    httpCall(_request, done) {
      const exp = Math.floor(Date.now() / 1000) + 3600;
      const token = `${part({ alg: 'RS256', kid: 'k'.repeat(40) })}.${part({ exp, email: 'e'.repeat(350) })}.${'s'.repeat(342)}`;
      setImmediate(() => done({ headers: new HeaderList([[':status', '200']]), body: Buffer.from(token), trailers: undefined }));
      return { cancel() {} };
    },
    log() {},
    now: Date.now,
  };
}

/** A request with a usual number of headers; a Map, so that the cost is the filter's and the host's. */
function requestStream(cluster: string): StreamEnvironment {
  const values = new Map<string, string>([[':method', 'GET']]);
  for (let i = 0; i < 15; i++) values.set(`header-${i}`, 'value');
  const headers: HeaderMap = {
    get: (name) => values.get(name),
    set: (name, value) => void values.set(name, value),
    add: (name, value) => void values.set(name, value),
    remove: (name) => void values.delete(name),
    get size() {
      return values.size;
    },
    entries: () => values,
  };
  return {
    headers: () => headers,
    property: (path) => (path[0] === 'cluster_name' ? cluster : undefined),
    clearRouteCache() {},
    continueRequest() {},
    sendLocalReply() {},
  };
}
