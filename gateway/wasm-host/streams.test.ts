import { expect, test } from 'vitest';
import { request, runFixture, said } from './testing/running-plugin.ts';

/** Stops every request, starts a call for it, and runs the given code when the answer is there. `first` is the id of the first stream. */
const stopAndCall = (onResponse: string): string => `
  let first = 0;
  export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 {
    if (first == 0) first = id;
    tell("call", call("upstream", [":method", "GET", ":path", "/", ":authority", "a"]));
    return 1;
  }
  export function proxy_on_http_call_response(root: i32, id: i32, headers: i32, body: i32, trailers: i32): void { ${onResponse} }`;

test('a stopped request is resumed only after the VM call has returned', async () => {
  const running = await runFixture(
    stopAndCall('setEffectiveContext(first); tell("continue", continueStream(0)); say("still in the call");'),
  );
  const { action, environment } = request(running);
  expect(action).toBe('stop');
  running.proxy.calls[0]!.answer('200');
  expect(said(running)).toEqual(['call=0', 'continue=0', 'still in the call', 'proxy: continued']);
  expect(environment.continued).toBe(1);
});

test('request headers can be changed while the request is stopped, and not any more after it was continued', async () => {
  const running = await runFixture(
    stopAndCall(`setEffectiveContext(first);
      tell("before", replaceHeader(0, at("x-a"), 3, at("1"), 1));
      continueStream(0);
      tell("replace", replaceHeader(0, at("x-a"), 3, at("2"), 1));
      tell("add", addHeader(0, at("x-b"), 3, at("2"), 1));
      tell("remove", removeHeader(0, at("x-a"), 3));
      tell("get", getHeader(0, at("x-a"), 3, out, out + 4));
      tell("pairs", getPairs(0, out, out + 4));
      tell("size", headerSize(0, out));`),
  );
  const { environment } = request(running);
  running.proxy.calls[0]!.answer('200');
  expect(said(running).slice(1, -1)).toEqual(['before=0', 'replace=2', 'add=2', 'remove=2', 'get=2', 'pairs=2', 'size=2']);
  expect([...environment.request.entries()]).toEqual([
    [':path', '/'],
    ['x-a', '1'],
  ]);
});

test('the context of a stream that is gone cannot be made effective', async () => {
  const running = await runFixture(
    stopAndCall(
      'tell("effective", setEffectiveContext(first)); tell("never was", setEffectiveContext(999)); tell("continue", continueStream(0));',
    ),
  );
  const { stream, environment } = request(running);
  stream.onDone();
  running.proxy.calls[0]!.answer('200');
  expect(said(running)).toEqual(['call=0', 'effective=2', 'never was=2', 'continue=2']);
  expect(environment.continued).toBe(0);
});

test('a stream that ends between the wish to continue and the end of the call is left alone', async () => {
  const running = await runFixture(
    stopAndCall('for (let id = first; id < first + 2; id++) { setEffectiveContext(id); continueStream(0); }'),
  );
  const first = request(running);
  const second = request(running);
  first.environment.onEvent = () => second.stream.onDone();
  running.proxy.calls[0]!.answer('200');
  expect([first.environment.continued, second.environment.continued]).toEqual([1, 0]);
});

test('continuing twice resumes once', async () => {
  const running = await runFixture(stopAndCall('setEffectiveContext(first); continueStream(0); continueStream(0);'));
  const { environment } = request(running);
  running.proxy.calls[0]!.answer('200');
  running.proxy.calls[0]!.answer('200');
  expect(environment.continued).toBe(1);
});

test('a local reply is sent after the VM call, once, and stops the request whatever the plugin returns', async () => {
  const running = await runFixture(`
    export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 {
      tell("first", reply(418, "teapot")); tell("second", reply(500, "late")); say("still in the call"); return 0;
    }`);
  const { action, environment } = request(running);
  expect(action).toBe('stop');
  expect(said(running)).toEqual(['first=0', 'second=0', 'still in the call', 'proxy: replied 418']);
  expect(environment.replies).toEqual([{ status: 418, body: Buffer.alloc(0), headers: [], grpcStatus: -1, details: 'teapot' }]);
});

test('a reply wins over the wish to continue', async () => {
  const running = await runFixture(stopAndCall('setEffectiveContext(first); reply(503, "x"); continueStream(0);'));
  const { environment } = request(running);
  running.proxy.calls[0]!.answer('200');
  expect([environment.continued, environment.replies.length]).toEqual([0, 1]);
});

test('a reply with a status or headers that are none is refused', async () => {
  const running = await runFixture(`
    export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 {
      tell("status", reply(42, "x"));
      tell("no map", sendLocalResponse(503, 0, 0, 0, 0, 0, 0, -1));
      const evil = pairs(["x-a", "1\\r\\nx-b: 2"]);
      tell("line break", sendLocalResponse(503, 0, 0, 0, 0, changetype<usize>(evil), evil.byteLength, -1));
      return 0;
    }`);
  expect(request(running).action).toBe('continue');
  expect(said(running)).toEqual(['status=2', 'no map=2', 'line break=2']);
});

test('stream functions on the root context are refused', async () => {
  const running = await runFixture(`
    export function proxy_on_configure(root: i32, size: i32): i32 {
      tell("continue", continueStream(0)); tell("reply", reply(503, "x")); tell("header", getHeader(0, at("a"), 1, out, out + 4));
      tell("clear", foreign(at("clear_route_cache"), 17, 0, 0, 0, 0)); return 1;
    }`);
  expect(said(running)).toEqual(['continue=2', 'reply=2', 'header=2', 'clear=2']);
});

test('every change of request headers forgets the route, and the foreign function does too', async () => {
  const running = await runFixture(`
    export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 {
      replaceHeader(0, at("x-a"), 3, at("1"), 1);
      tell("clear", foreign(at("clear_route_cache"), 17, 0, 0, out, out + 4));
      tell("other", foreign(at("other"), 5, 0, 0, 0, 0));
      return 0;
    }`);
  expect(request(running).environment.routeCacheCleared).toBe(2);
  expect(said(running)).toEqual(['clear=0', 'other=1']);
});

test('the end of a stream is log, done, delete; headers are readable in the log, and not writable', async () => {
  const running = await runFixture(`
    export function proxy_on_response_headers(id: i32, headers: i32, end: i32): i32 {
      tell("request", getHeader(0, at(":path"), 5, out, out + 4)); tell("response", replaceHeader(2, at("x-a"), 3, at("1"), 1)); return 0;
    }
    export function proxy_on_log(id: i32): void {
      tell("read", getHeader(0, at(":path"), 5, out, out + 4)); tell("write", removeHeader(0, at(":path"), 5));
    }
    export function proxy_on_done(id: i32): i32 { say("done"); return 1; }
    export function proxy_on_delete(id: i32): void { say("delete"); }`);
  const { stream, environment } = request(running);
  expect(stream.onResponseHeaders(true)).toBe('continue');
  expect(environment.response.get('x-a')).toBe('1');
  stream.onDone();
  stream.onDone();
  expect(said(running)).toEqual(['request=2', 'response=0', 'read=0', 'write=2', 'done', 'delete']);
});

test('a plugin can put off the deletion of a stream until it calls proxy_done', async () => {
  const running = await runFixture(`
    ${stopAndCall('tell("effective", setEffectiveContext(first)); tell("done", done()); tell("again", done()); tell("gone", setEffectiveContext(first));')}
    export function proxy_on_done(id: i32): i32 { return 0; }
    export function proxy_on_delete(id: i32): void { say("delete"); }`);
  const { stream, environment } = request(running);
  stream.onDone();
  running.proxy.calls[0]!.answer('200');
  expect(said(running)).toEqual(['call=0', 'effective=0', 'delete', 'done=0', 'again=1', 'gone=2']);
  expect(environment.continued).toBe(0);
});
