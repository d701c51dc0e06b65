import { createPlugin } from '../../gateway/wasm-host/create-plugin.ts';
import type { HeaderMap, Plugin, PluginEnvironment, PropertyValue, StreamEnvironment } from '../../gateway/wasm-host/host.ts';
import { compileFixture } from '../../gateway/wasm-host/testing/compile-fixture.ts';
import { pluginConfig } from '../../gateway/wasm-host/testing/scripted-proxy.ts';

/** Requests of one measurement. */
export const requests = 1_000_000;
const rounds = 10;
const pageBytes = 65_536;

/** A filter that is called for the same moments of a stream, and does nothing. */
const noop = `
export function proxy_on_context_create(id: u32, parent: u32): void {}
export function proxy_on_request_headers(id: u32, headers: u32, endOfStream: u32): u32 { return 0; }
export function proxy_on_delete(id: u32): void {}
`;

/** Sends a million requests through a filter and through one that does nothing, in turn, so that the machine's moods hit both. */
export async function reportCost(
  name: string,
  filter: Plugin,
  stream: StreamEnvironment,
  environment: PluginEnvironment,
  report: (line: string) => void,
): Promise<void> {
  const baseline = await createPlugin(pluginConfig(await compileFixture(noop), ''), environment);
  const pagesBefore = filter.memoryBytes() / pageBytes;
  pass(filter, stream, 20_000);
  pass(baseline, stream, 20_000);
  const filterTimes: number[] = [];
  const baselineTimes: number[] = [];
  for (let round = 0; round < rounds; round++) {
    filterTimes.push(microsecondsPerRequest(filter, stream, requests / rounds));
    baselineTimes.push(microsecondsPerRequest(baseline, stream, requests / rounds));
  }
  const cost = median(filterTimes);
  const noopCost = median(baselineTimes);
  report(
    `${name}: ${cost.toFixed(2)} µs per request (no-op filter ${noopCost.toFixed(2)} µs, difference ${(cost - noopCost).toFixed(2)} µs)`,
  );
  report(`wasm memory: ${pagesBefore} page(s) of 64 KiB before, ${filter.memoryBytes() / pageBytes} after ${requests} requests`);
  baseline.close();
}

/** Sends requests through a filter. */
export function pass(plugin: Plugin, environment: StreamEnvironment, count: number): void {
  for (let i = 0; i < count; i++) {
    const stream = plugin.createStream(environment);
    stream.onRequestHeaders(true);
    stream.onDone();
  }
}

/** A request with a usual number of headers; a Map, so that the cost is the filter's and the host's. */
export function requestStream(property: (path: readonly string[]) => PropertyValue): StreamEnvironment {
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
  return { headers: () => headers, property, clearRouteCache() {}, continueRequest() {}, sendLocalReply() {} };
}

function microsecondsPerRequest(plugin: Plugin, environment: StreamEnvironment, count: number): number {
  const start = performance.now();
  pass(plugin, environment, count);
  return ((performance.now() - start) * 1000) / count;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
