import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const build = join(import.meta.dirname, 'build');
const filters = readdirSync(build).filter((file) => file.endsWith('.wasm'));

const ofEvery = [
  '_initialize',
  'memory',
  'proxy_abi_version_0_2_1',
  'proxy_on_configure',
  'proxy_on_context_create',
  'proxy_on_memory_allocate',
  'proxy_on_request_headers',
];

/** Exactly what Envoy calls of each filter. A callback more is a call into its VM for every request, or for every event of one. */
const callbacks: Readonly<Record<string, readonly string[]>> = {
  'dynamic-routing.wasm': ofEvery,
  'metadata-token.wasm': [...ofEvery, 'proxy_on_http_call_response', 'proxy_on_tick'],
};

/** Exactly what the filters may ask of Envoy: what the test host has, which is held to Envoy. */
const hostCalls = [
  'proxy_continue_stream',
  'proxy_define_metric',
  'proxy_get_buffer_bytes',
  'proxy_get_current_time_nanoseconds',
  'proxy_get_header_map_value',
  'proxy_get_property',
  'proxy_http_call',
  'proxy_increment_metric',
  'proxy_log',
  'proxy_remove_header_map_value',
  'proxy_replace_header_map_value',
  'proxy_send_local_response',
  'proxy_set_effective_context',
  'proxy_set_tick_period_milliseconds',
];

test('there are filters to check', () => {
  expect(filters.sort()).toEqual(Object.keys(callbacks));
});

test.each(filters)('%s imports and exports what is on the lists', async (file) => {
  const module = await WebAssembly.compile(readFileSync(join(build, file)));
  const imports = WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`);
  expect(imports.filter((name) => !hostCalls.some((known) => name === `env.${known}`))).toEqual([]);
  expect(
    WebAssembly.Module.exports(module)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...callbacks[file]!].sort());
});

test.each(filters)('%s is small: a proxy compiles it at its start', (file) => {
  expect(readFileSync(join(build, file)).length).toBeLessThan(64 * 1024);
});
