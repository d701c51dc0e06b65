import { expect, test } from 'vitest';
import { createPlugin } from './create-plugin.ts';
import { compileFixture } from './testing/compile-fixture.ts';
import { runFixture, said } from './testing/running-plugin.ts';
import { pluginConfig, ScriptedProxy } from './testing/scripted-proxy.ts';

async function load(source: string): Promise<unknown> {
  return createPlugin(pluginConfig(await compileFixture(source), ''), new ScriptedProxy());
}

test('imports that the host does not have fail the load, all of them with their names', async () => {
  const source = `
    @external("env", "proxy_grpc_call") declare function grpc(a: i32): i32;
    @external("env", "abort") declare function abort2(): void;
    export function use(): void { grpc(0); abort2(); }`;
  await expect(load(source)).rejects.toThrow(
    'wasm plugin "test" cannot be loaded: it imports env.proxy_grpc_call, which this host does not have; it imports env.abort, which this host does not have',
  );
});

test('an import with another signature than the ABI has is refused', async () => {
  const source = `
    @external("env", "proxy_increment_metric") declare function increment(id: i32, offset: i32): i32;
    export function use(): void { increment(0, 0); }`;
  await expect(load(source)).rejects.toThrow('it imports env.proxy_increment_metric as (i32,i32->i32); the ABI has (i32,i64->i32)');
});

test('a callback with another signature than the ABI has is refused', async () => {
  await expect(load('export function proxy_on_request_headers(id: i32, headers: i32): i32 { return 0; }')).rejects.toThrow(
    'it exports proxy_on_request_headers as (i32,i32->i32); the ABI has (i32,i32,i32->i32)',
  );
});

test('a callback that would never be called is refused, not ignored', async () => {
  await expect(load('export function proxy_on_request_body(id: i32, size: i32, end: i32): i32 { return 0; }')).rejects.toThrow(
    'it exports proxy_on_request_body, which this host does not call',
  );
});

test.each([
  ['0.1.0', 'export function proxy_abi_version_0_1_0(): void {}', 'its ABI marker is proxy_abi_version_0_1_0'],
  ['0.2.0', 'export function proxy_abi_version_0_2_0(): void {}', 'its ABI marker is proxy_abi_version_0_2_0'],
  [
    'two of them',
    'export function proxy_abi_version_0_2_0(): void {} export function proxy_abi_version_0_2_1(): void {}',
    '0_2_0 and proxy_abi_version_0_2_1',
  ],
  ['no', '/* proxy_abi_version */', 'its ABI marker is missing'],
])('%s ABI version is refused', async (_, source, reason) => {
  await expect(load(source)).rejects.toThrow(reason);
  await expect(load(source)).rejects.toThrow('this host speaks proxy_abi_version_0_2_1 only');
});

test('a module without memory or allocator is refused', async () => {
  const empty = Buffer.from('0061736d01000000', 'hex');
  await expect(createPlugin(pluginConfig(empty, ''), new ScriptedProxy())).rejects.toThrow(
    'it does not export its memory; it exports neither malloc nor proxy_on_memory_allocate',
  );
});

test.each([
  ['no wasm at all', Buffer.from('hello')],
  ['nothing', Buffer.alloc(0)],
  ['a cut module', Buffer.from('0061736d0100000001', 'hex')],
])('%s is refused', async (_, code) => {
  await expect(createPlugin(pluginConfig(code, ''), new ScriptedProxy())).rejects.toThrow('it is not a valid wasm module');
});

test('host functions are restricted during the start', async () => {
  await expect(runFixture('currentTime(out);')).rejects.toThrow(
    'wasm plugin "test" did not start: proxy_get_current_time_nanoseconds is restricted: host functions cannot be called during the start of a module',
  );
  await expect(runFixture('defineMetric(0, at("x"), 1, out);')).rejects.toThrow('proxy_define_metric is restricted');
});

test('log and clock are allowed during the start', async () => {
  const running = await runFixture('say("starting"); tell("clock", clock(0, 0, out));');
  expect(said(running)).toEqual(['starting', 'clock=0']);
});

test('a plugin that refuses its VM or its configuration does not start, and its last error line says why', async () => {
  await expect(runFixture('export function proxy_on_vm_start(root: i32, size: i32): i32 { return 0; }')).rejects.toThrow(
    'wasm plugin "test" did not start: proxy_on_vm_start said no',
  );
  const source = 'export function proxy_on_configure(root: i32, size: i32): i32 { log(4, at("no colour"), 9); return 0; }';
  await expect(runFixture(source)).rejects.toThrow('wasm plugin "test" did not start: it refused its configuration: no colour');
});

test('a plugin that traps while it is configured does not start', async () => {
  await expect(runFixture('export function proxy_on_configure(root: i32, size: i32): i32 { unreachable(); return 1; }')).rejects.toThrow(
    'did not start: it trapped: wasm plugin "test" trapped: unreachable',
  );
});

test('the callbacks of a start come in order, with the sizes of both configurations, which can be read', async () => {
  const running = await runFixture(
    `export function proxy_on_context_create(id: i32, parent: i32): void { tell("create " + id.toString(), parent); }
     export function proxy_on_vm_start(root: i32, size: i32): i32 { tell("vm", size); getBuffer(6, 0, size, out, out + 4); say(given()); return 1; }
     export function proxy_on_configure(root: i32, size: i32): i32 {
       tell("configure", size); getBuffer(7, 0, 1000, out, out + 4); say(given()); tell("body", getBuffer(4, 0, 1, out, out + 4)); return 1;
     }`,
    { vmConfiguration: Buffer.from('vm text'), configuration: Buffer.from('plugin tëxt') },
  );
  expect(said(running)).toEqual(['create 1=0', 'vm=7', 'vm text', 'configure=12', 'plugin tëxt', 'body=1']);
});

test('plugins of one proxy with the same vmId and code share a VM, others do not', async () => {
  const source =
    'let starts = 0; export function proxy_on_vm_start(root: i32, size: i32): i32 { starts++; tell("starts", starts); return 1; }';
  const first = await runFixture(source, { vmId: 'a' });
  await createPlugin(pluginConfig(first.code, '', { vmId: 'a' }), first.proxy);
  await createPlugin(pluginConfig(first.code, '', { vmId: 'b' }), first.proxy);
  await createPlugin(pluginConfig(first.code, '', { vmId: 'a', vmConfiguration: Buffer.from('x') }), first.proxy);
  expect(said(first)).toEqual(['starts=1', 'starts=2', 'starts=1', 'starts=1']);
  const other = await runFixture(source, { vmId: 'a' });
  expect(said(other)).toEqual(['starts=1']);
  const ownLog = new ScriptedProxy();
  await createPlugin(pluginConfig(first.code, '', { vmId: 'a' }), ownLog, first.proxy);
  expect(ownLog.lines).toEqual(['info: starts=3']);
});
