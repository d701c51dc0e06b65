import type { ModuleSignatures } from './module-signatures.ts';

const i32s = (count: number, result = 'i32'): string => `${Array(count).fill('i32').join(',')}->${result}`;

/** Host functions that this host has, with their exact types. Whatever else a module imports fails its load. */
export const hostFunctionTypes: Readonly<Record<string, string>> = {
  'env.proxy_log': i32s(3),
  'env.proxy_get_log_level': i32s(1),
  'env.proxy_get_property': i32s(4),
  'env.proxy_send_local_response': i32s(8),
  'env.proxy_continue_stream': i32s(1),
  'env.proxy_get_shared_data': i32s(5),
  'env.proxy_set_shared_data': i32s(5),
  'env.proxy_get_header_map_value': i32s(5),
  'env.proxy_add_header_map_value': i32s(5),
  'env.proxy_replace_header_map_value': i32s(5),
  'env.proxy_remove_header_map_value': i32s(3),
  'env.proxy_get_header_map_pairs': i32s(3),
  'env.proxy_set_header_map_pairs': i32s(3),
  'env.proxy_get_header_map_size': i32s(2),
  'env.proxy_get_buffer_status': i32s(3),
  'env.proxy_get_buffer_bytes': i32s(5),
  'env.proxy_http_call': i32s(10),
  'env.proxy_set_tick_period_milliseconds': i32s(1),
  'env.proxy_get_current_time_nanoseconds': i32s(1),
  'env.proxy_define_metric': i32s(4),
  'env.proxy_increment_metric': 'i32,i64->i32',
  'env.proxy_record_metric': 'i32,i64->i32',
  'env.proxy_get_metric': i32s(2),
  'env.proxy_set_effective_context': i32s(1),
  'env.proxy_done': i32s(0),
  'env.proxy_call_foreign_function': i32s(6),
  'wasi_snapshot_preview1.clock_time_get': 'i32,i64,i32->i32',
  'wasi_snapshot_preview1.random_get': i32s(2),
  'wasi_snapshot_preview1.fd_write': i32s(4),
  'wasi_snapshot_preview1.environ_sizes_get': i32s(2),
  'wasi_snapshot_preview1.environ_get': i32s(2),
  'wasi_snapshot_preview1.args_sizes_get': i32s(2),
  'wasi_snapshot_preview1.args_get': i32s(2),
  'wasi_snapshot_preview1.proc_exit': i32s(1, ''),
};

/** Callbacks that this host calls, with their exact types. */
const callbackTypes: Readonly<Record<string, string>> = {
  _initialize: i32s(0, ''),
  _start: i32s(0, ''),
  main: i32s(2),
  malloc: i32s(1),
  proxy_on_memory_allocate: i32s(1),
  proxy_on_context_create: i32s(2, ''),
  proxy_on_vm_start: i32s(2),
  proxy_on_configure: i32s(2),
  proxy_on_tick: i32s(1, ''),
  proxy_on_request_headers: i32s(3),
  proxy_on_response_headers: i32s(3),
  proxy_on_http_call_response: i32s(5, ''),
  proxy_on_done: i32s(1),
  proxy_on_log: i32s(1, ''),
  proxy_on_delete: i32s(1, ''),
};

const marker = 'proxy_abi_version_0_2_1';

/** Throws an error that names everything which keeps the module from running here. */
export function checkModule(plugin: string, { imports, exports }: ModuleSignatures): void {
  const faults: string[] = [];
  const markers = [...exports.keys()].filter((name) => name.startsWith('proxy_abi_version_'));
  if (markers.length !== 1 || markers[0] !== marker) {
    faults.push(`its ABI marker is ${markers.join(' and ') || 'missing'}; this host speaks ${marker} only`);
  }
  for (const [name, type] of imports) {
    const expected = hostFunctionTypes[name];
    if (expected === undefined) faults.push(`it imports ${name}, which this host does not have`);
    else if (expected !== type) faults.push(`it imports ${name} as (${type}); the ABI has (${expected})`);
  }
  for (const [name, type] of exports) {
    const expected = callbackTypes[name];
    if (expected !== undefined && expected !== type) faults.push(`it exports ${name} as (${type}); the ABI has (${expected})`);
    if (expected === undefined && name.startsWith('proxy_on_')) faults.push(`it exports ${name}, which this host does not call`);
  }
  if (exports.get('memory') !== 'memory') faults.push('it does not export its memory');
  if (!exports.has('malloc') && !exports.has('proxy_on_memory_allocate'))
    faults.push('it exports neither malloc nor proxy_on_memory_allocate');
  if (faults.length > 0) throw new Error(`wasm plugin "${plugin}" cannot be loaded: ${faults.join('; ')}`);
}
