import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { request, runFixture, said } from './testing/running-plugin.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Traps for requests to /trap, keeps requests to /wait, and counts. */
const source = `
  let requests = 0;
  let metric = 0;
  export function proxy_on_configure(root: i32, size: i32): i32 {
    say("configured"); defineMetric(0, at("requests"), 8, out); metric = load<i32>(out); setTickPeriod(100); return 1;
  }
  export function proxy_on_tick(root: i32): void { say("tick"); }
  export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 {
    requests++; incrementMetric(metric, 1);
    getHeader(0, at(":path"), 5, out, out + 4);
    const path = given();
    if (path == "/trap") unreachable();
    if (path == "/wait") { call("upstream", [":method", "GET", ":path", "/", ":authority", "a"]); return 1; }
    say("request " + requests.toString());
    return 0;
  }`;

const path = (value: string) => [[':path', value]] as const;
const failed = { status: 503, details: 'wasm_fail_stream', grpcStatus: 14 };

test('a trap answers its own stream, those that wait and all later ones with 503, and stops timers and calls', async () => {
  const running = await runFixture(source);
  const waiting = request(running, {}, path('/wait'));
  const done = request(running, {}, path('/'));
  const trapping = request(running, {}, path('/trap'));
  const later = request(running, {}, path('/'));
  expect(trapping.action).toBe('stop');
  for (const { environment } of [waiting, trapping, later]) {
    expect(environment.replies).toHaveLength(1);
    expect(environment.replies[0]).toMatchObject(failed);
  }
  expect(done.environment.replies).toEqual([]);
  expect(running.proxy.calls[0]!.cancelled).toBe(true);
  expect(running.proxy.lines).toContainEqual(expect.stringMatching(/^critical: wasm plugin "test" trapped: unreachable/));
  const lines = running.proxy.lines.length;
  vi.advanceTimersByTime(60_000);
  expect(running.proxy.lines).toHaveLength(lines);
});

test('the end of streams of a failed VM, and the passing of its replies, do no harm', async () => {
  const running = await runFixture(source);
  const waiting = request(running, {}, path('/wait'));
  const sent = request(running, {}, path('/'));
  const trapping = request(running, {}, path('/trap'));
  expect(trapping.stream.onResponseHeaders(true)).toBe('continue');
  expect(sent.stream.onResponseHeaders(true)).toBe('stop');
  expect(sent.environment.replies[0]).toMatchObject(failed);
  for (const { stream } of [waiting, sent, trapping]) stream.onDone();
  expect(waiting.environment.replies).toHaveLength(1);
});

test('a VM that fails closed stays failed', async () => {
  const running = await runFixture(source, { failurePolicy: 'fail-closed' });
  request(running, {}, path('/trap'));
  vi.advanceTimersByTime(3_600_000);
  expect(request(running).environment.replies[0]).toMatchObject(failed);
});

test('a VM that reloads is made anew by the next request, once a second has passed since its last load', async () => {
  const running = await runFixture(source, { failurePolicy: 'fail-reload' });
  request(running);
  request(running, {}, path('/trap'));
  expect(request(running).environment.replies[0]).toMatchObject(failed);
  vi.advanceTimersByTime(1_000);
  expect(request(running).action).toBe('continue');
  expect(said(running).at(-1)).toBe('request 1');
  vi.advanceTimersByTime(100);
  expect(said(running).at(-1)).toBe('tick');
  request(running, {}, path('/trap'));
  expect(request(running).environment.replies[0]).toMatchObject(failed);
  expect(said(running).filter((line) => line === 'configured')).toHaveLength(2);
});

test('metrics go on where they were before a reload', async () => {
  const running = await runFixture(source, { failurePolicy: 'fail-reload' });
  request(running);
  request(running, {}, path('/trap'));
  vi.advanceTimersByTime(1_000);
  request(running);
  expect(running.plugin.metrics()).toEqual([{ name: 'requests', kind: 'counter', value: 3n }]);
});

test('streams of the VM before a reload do not touch the new one', async () => {
  const running = await runFixture(source, { failurePolicy: 'fail-reload' });
  const old = request(running);
  request(running, {}, path('/trap'));
  vi.advanceTimersByTime(1_000);
  const fresh = request(running, {}, path('/wait'));
  old.stream.onDone();
  expect(fresh.environment.replies).toEqual([]);
});

test('a reload whose configuration is refused leaves the VM failed, and is tried again', async () => {
  const running = await runFixture(
    `export function proxy_on_configure(root: i32, size: i32): i32 {
       currentTime(out); return (load<u64>(out) / 1000000 % 10000) < 1000 || (load<u64>(out) / 1000000 % 10000) > 5000 ? 1 : 0;
     }
     export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 {
       getHeader(0, at(":path"), 5, out, out + 4); if (given() == "/trap") unreachable(); return 0;
     }`,
    { failurePolicy: 'fail-reload' },
  );
  request(running, {}, path('/trap'));
  vi.advanceTimersByTime(2_000);
  expect(request(running).environment.replies[0]).toMatchObject(failed);
  expect(running.proxy.lines).toContain('critical: reload failed: wasm plugin "test" did not start: it refused its configuration');
  vi.advanceTimersByTime(4_000);
  expect(request(running).action).toBe('continue');
});

test.each([
  ['a tick', 'export function proxy_on_tick(root: i32): void { unreachable(); }', () => vi.advanceTimersByTime(100)],
  [
    'the creation of a stream',
    'export function proxy_on_context_create(id: i32, parent: i32): void { if (parent) unreachable(); }',
    () => {},
  ],
])('a trap in %s fails the VM', async (_, callback, provoke) => {
  const running = await runFixture(
    `${callback} export function proxy_on_configure(root: i32, size: i32): i32 { setTickPeriod(100); return 1; }`,
  );
  provoke();
  expect(request(running).environment.replies[0]).toMatchObject(failed);
});

test('a trap in the end of a stream fails the VM for the others', async () => {
  const running = await runFixture(`${source} export function proxy_on_delete(id: i32): void { unreachable(); }`);
  const waiting = request(running, {}, path('/wait'));
  request(running).stream.onDone();
  expect(waiting.environment.replies[0]).toMatchObject(failed);
});

test('endless recursion is a trap like any other', async () => {
  const running = await runFixture(`
    function deep(n: i32): i32 { return n == -1 ? 0 : deep(n + 1) + 1; }
    export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 { return deep(0); }`);
  expect(request(running).environment.replies[0]).toMatchObject(failed);
});

test('closing a plugin stops its timer and its calls and ends its context', async () => {
  const running = await runFixture(`${source} export function proxy_on_delete(id: i32): void { say("delete"); }`);
  request(running, {}, path('/wait'));
  running.plugin.close();
  expect(running.proxy.calls[0]!.cancelled).toBe(true);
  expect(said(running).at(-1)).toBe('delete');
  vi.advanceTimersByTime(1_000);
  expect(said(running).at(-1)).toBe('delete');
});
