import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { moduleSignatures } from '../gateway/wasm-host/module-signatures.ts';

const build = join(import.meta.dirname, 'build');
const filters = readdirSync(build).filter((file) => file.endsWith('.wasm'));

/** Exactly what a filter may ask of a proxy. A new name here is a new thing that Envoy must have. */
const allowedImports = [
  'proxy_call_foreign_function',
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
].map((name) => `env.${name}`);

const allowedExports = [
  '_initialize',
  'malloc',
  'memory',
  'proxy_abi_version_0_2_1',
  'proxy_on_configure',
  'proxy_on_context_create',
  'proxy_on_delete',
  'proxy_on_http_call_response',
  'proxy_on_memory_allocate',
  'proxy_on_request_headers',
  'proxy_on_tick',
  'proxy_on_vm_start',
];

test('there are filters to check', () => {
  expect(filters.sort()).toEqual(['dynamic-routing.wasm', 'metadata-token.wasm']);
});

test.each(filters)('%s imports and exports nothing but what is on the list', (file) => {
  const { imports, exports } = moduleSignatures(readFileSync(join(build, file)));
  expect([...imports.keys()].filter((name) => !allowedImports.includes(name))).toEqual([]);
  expect([...exports.keys()].sort()).toEqual(allowedExports);
});

test.each(filters)('%s is small: a proxy compiles it at its start', (file) => {
  expect(readFileSync(join(build, file)).length).toBeLessThan(64 * 1024);
});
