import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { request, runFixture, said } from './testing/running-plugin.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1), toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

const onRequest = (body: string): string =>
  `export function proxy_on_request_headers(id: i32, headers: i32, end: i32): i32 { ${body} return 0; }`;

test('properties come as the ABI encodes them: texts raw, numbers as f64, booleans as a byte, maps in the map format', async () => {
  const running = await runFixture(`
    function read(path: string): void { tell(path.replaceAll("\\0", "/"), getProperty(at(path), size(path), out, out + 4)); }
    ${onRequest(`
      read("cluster_name"); say(given());
      read("empty"); tell("size", load<i32>(out + 4));
      read("text"); say(given());
      read("number"); say(load<f64>(load<u32>(out)).toString());
      read("yes"); tell("byte", load<u8>(load<u32>(out)));
      read("meta\\0claims\\0sub"); say(given());
      read("map"); tell("entries", load<i32>(load<u32>(out))); tell("size", load<i32>(out + 4));
      read("hole"); read("nothing"); read("plugin_name"); say(given()); read("plugin_root_id"); say(given());
    `)}`);
  request(running, {
    cluster_name: 'customer',
    empty: '',
    text: 'tëxt',
    number: 0.5,
    yes: true,
    'meta.claims.sub': 'alice',
    map: { a: 'x', b: 2 },
    hole: { a: { b: undefined } },
  });
  expect(said(running)).toEqual(
    [
      'cluster_name=0',
      'customer',
      'empty=0',
      'size=0',
      'text=0',
      'tëxt',
      'number=0',
      '0.5',
      'yes=0',
      'byte=1',
      'meta/claims/sub=0',
      'alice',
    ].concat(['map=0', 'entries=2', 'size=35', 'hole=3', 'nothing=1', 'plugin_name=0', 'test', 'plugin_root_id=0', 'root']),
  );
});

test('headers: get gives the first value, replace leaves one, add adds, remove takes all, names are matched in any case', async () => {
  const running = await runFixture(
    onRequest(`
      tell("get", getHeader(0, at("X-Two"), 5, out, out + 4)); say(given());
      tell("missing", getHeader(0, at("x-none"), 6, out, out + 4));
      tell("replace", replaceHeader(0, at("x-two"), 5, at("c"), 1));
      tell("add", addHeader(0, at("x-new"), 5, at("d"), 1)); addHeader(0, at("x-new"), 5, at("e"), 1);
      tell("remove", removeHeader(0, at("x-gone"), 6));
      tell("response", getHeader(2, at("x"), 1, out, out + 4));
      tell("trailers", addHeader(1, at("x"), 1, at("y"), 1));
      tell("call", getHeader(6, at("x"), 1, out, out + 4));
      tell("unknown", getHeader(99, at("x"), 1, out, out + 4));
      tell("size", headerSize(0, out)); tell("bytes", load<i32>(out));`),
  );
  const { environment } = request(running, {}, [
    ['x-two', 'a'],
    ['x-two', 'b'],
    ['x-gone', '1'],
  ]);
  expect(said(running)).toEqual([
    'get=0',
    'a',
    'missing=1',
    'replace=0',
    'add=0',
    'remove=0',
    'response=2',
    'trailers=2',
    'call=2',
    'unknown=2',
    'size=0',
    'bytes=18',
  ]);
  expect([...environment.request.entries()]).toEqual([
    ['x-two', 'c'],
    ['x-new', 'd'],
    ['x-new', 'e'],
  ]);
});

test('a header cannot be smuggled inside another one', async () => {
  const running = await runFixture(
    onRequest(`
      tell("value", replaceHeader(0, at("x-a"), 3, at("1\\r\\nx-b: 2"), size("1\\r\\nx-b: 2")));
      tell("nul", addHeader(0, at("x-a"), 3, at("a\\0b"), 3));
      tell("name", addHeader(0, at("x a"), 3, at("1"), 1));
      tell("colon", addHeader(0, at("x:a"), 3, at("1"), 1));
      tell("no name", addHeader(0, at("x"), 0, at("1"), 1));`),
  );
  expect([...request(running, {}, []).environment.request.entries()]).toEqual([]);
  expect(said(running)).toEqual(['value=2', 'nul=2', 'name=2', 'colon=2', 'no name=2']);
});

test('bytes of a header survive in both directions', async () => {
  const running = await runFixture(
    onRequest('getHeader(0, at("x-a"), 3, out, out + 4); addHeader(0, at("x-b"), 3, load<u32>(out), load<i32>(out + 4));'),
  );
  expect(request(running, {}, [['x-a', '\u00e9\u00ff']]).environment.request.get('x-b')).toBe('\u00e9\u00ff');
});

test('a value that changes in place is not mistaken for the old one', async () => {
  const running = await runFixture(
    onRequest(
      'const at0: usize = memory.data(8); store<u8>(at0, 97); addHeader(0, at("x"), 1, at0, 1); store<u8>(at0, 98); addHeader(0, at("x"), 1, at0, 1);',
    ),
  );
  expect(Array.from(request(running, {}, []).environment.request.entries(), ([, value]) => value)).toEqual(['a', 'b']);
});

test('all pairs at once can be read and set; bytes that are no map are refused', async () => {
  const running = await runFixture(
    onRequest(`
      tell("get", getPairs(0, out, out + 4)); tell("count", load<i32>(load<u32>(out))); tell("size", load<i32>(out + 4));
      const list = pairs([":path", "/new", "x-a", "", "x-a", "2"]);
      tell("set", setPairs(0, changetype<usize>(list), list.byteLength));
      tell("cut", setPairs(0, changetype<usize>(list), list.byteLength - 1));
      tell("short", setPairs(0, changetype<usize>(list), 3));
      store<u32>(changetype<usize>(list), 0x7fffffff);
      tell("huge", setPairs(0, changetype<usize>(list), list.byteLength));`),
  );
  const { environment } = request(running);
  expect(said(running)).toEqual(['get=0', 'count=1', 'size=20', 'set=0', 'cut=2', 'short=2', 'huge=2']);
  expect([...environment.request.entries()]).toEqual([
    [':path', '/new'],
    ['x-a', ''],
    ['x-a', '2'],
  ]);
});

test('an HTTP call that cannot start says so at once', async () => {
  const running = await runFixture(
    onRequest(`
      tell("no path", call("upstream", [":method", "GET", ":authority", "a"]));
      tell("no authority", call("upstream", [":method", "GET", ":path", "/"]));
      tell("call", call("upstream", [":method", "GET", ":path", "/", ":authority", "a"]));`),
  );
  running.proxy.refuseCalls = 'unknown-cluster';
  request(running);
  running.proxy.refuseCalls = 'no-healthy-host';
  request(running);
  running.proxy.refuseCalls = undefined;
  request(running);
  expect(said(running).filter((line) => line.startsWith('call'))).toEqual(['call=2', 'call=10', 'call=0']);
  expect(said(running).slice(0, 2)).toEqual(['no path=2', 'no authority=2']);
  expect(running.proxy.calls[0]!.request).toMatchObject({ cluster: 'upstream', timeoutMs: 1000 });
});

test('the answer of an HTTP call is readable during its callback only, and a reset has no headers', async () => {
  const running = await runFixture(`
    ${onRequest('tell("outside", getBuffer(4, 0, 10, out, out + 4)); call("upstream", [":method", "GET", ":path", "/", ":authority", "a"]);')}
    export function proxy_on_http_call_response(root: i32, id: i32, headers: i32, body: i32, trailers: i32): void {
      tell("root", root); tell("headers", headers); tell("body", body);
      tell("status", getHeader(6, at(":status"), 7, out, out + 4)); if (headers) say(given());
      tell("write", replaceHeader(6, at("x"), 1, at("y"), 1));
      tell("part", getBuffer(4, 1, 3, out, out + 4)); if (body) say(given());
    }`);
  request(running);
  running.proxy.calls[0]!.answer('204', 'hello');
  request(running);
  running.proxy.calls[1]!.reset();
  expect(said(running)).toEqual(
    ['outside=1', 'root=1', 'headers=1', 'body=5', 'status=0', '204', 'write=2', 'part=0', 'ell'].concat([
      'outside=1',
      'root=1',
      'headers=0',
      'body=0',
      'status=2',
      'write=2',
      'part=0',
    ]),
  );
});

test('metrics: counters grow, gauges are set, the same name is the same metric', async () => {
  const running = await runFixture(
    onRequest(`
      defineMetric(0, at("c"), 1, out); const c = load<i32>(out); defineMetric(1, at("g"), 1, out); const g = load<i32>(out);
      defineMetric(2, at("h"), 1, out); const h = load<i32>(out);
      defineMetric(0, at("c"), 1, out); tell("same", load<i32>(out) == c ? 1 : 0);
      tell("other kind", defineMetric(1, at("c"), 1, out)); tell("no kind", defineMetric(3, at("x"), 1, out));
      tell("up", incrementMetric(c, 2)); tell("down", incrementMetric(c, -1)); tell("record", recordMetric(c, 3));
      tell("gauge", recordMetric(g, 7)); tell("gauge down", incrementMetric(g, -9));
      tell("histogram", recordMetric(h, 5)); tell("increment", incrementMetric(h, 5)); tell("unknown", incrementMetric(99, 1));
      tell("get", getMetric(c, out)); tell("value", load<i64>(out) as i32); tell("no value", getMetric(99, out)); tell("get histogram", getMetric(h, out));`),
  );
  request(running);
  expect(said(running)).toEqual(
    [
      'same=1',
      'other kind=2',
      'no kind=2',
      'up=0',
      'down=2',
      'record=0',
      'gauge=0',
      'gauge down=0',
      'histogram=0',
      'increment=2',
      'unknown=2',
    ].concat(['get=0', 'value=5', 'no value=2', 'get histogram=2']),
  );
  expect(running.plugin.metrics()).toEqual([
    { name: 'c', kind: 'counter', value: 5n },
    { name: 'g', kind: 'gauge', value: -2n },
    { name: 'h', kind: 'histogram', value: 5n },
  ]);
});

test('shared data is set by compare-and-set', async () => {
  const running = await runFixture(
    onRequest(`
      tell("nothing", getShared(at("k"), 1, out, out + 4, out + 8));
      tell("set", setShared(at("k"), 1, at("v1"), 2, 0));
      tell("get", getShared(at("k"), 1, out, out + 4, out + 8)); say(given());
      const cas = load<i32>(out + 8);
      tell("with cas", setShared(at("k"), 1, at("v2"), 2, cas)); tell("with old cas", setShared(at("k"), 1, at("v3"), 2, cas));
      getShared(at("k"), 1, out, out + 4, out + 8); say(given());`),
  );
  request(running);
  expect(said(running)).toEqual(['nothing=1', 'set=0', 'get=0', 'v1', 'with cas=0', 'with old cas=8', 'v2']);
});

test('log levels are those of the ABI; others are refused', async () => {
  const running = await runFixture(
    onRequest('for (let level = 0; level < 7; level++) if (log(level, at("x"), 1)) tell("refused", level);'),
  );
  request(running);
  expect(running.proxy.lines).toEqual(['trace: x', 'debug: x', 'info: x', 'warn: x', 'error: x', 'critical: x', 'info: refused=6']);
});

test('ticks come with the period that was set last, and 0 stops them', async () => {
  const running = await runFixture(`
    let ticks = 0;
    export function proxy_on_configure(root: i32, size: i32): i32 { setTickPeriod(10); return 1; }
    export function proxy_on_tick(root: i32): void { ticks++; currentTime(out); say((load<u64>(out) / 1000000 % 1000).toString()); if (ticks == 2) setTickPeriod(50); if (ticks == 4) setTickPeriod(0); }`);
  vi.advanceTimersByTime(500);
  expect(said(running)).toEqual(['10', '20', '70', '120']);
});

test('pointers outside of the memory are refused, whatever the function', async () => {
  const running = await runFixture(
    onRequest(`
      const far: usize = 0x7ffffff0;
      tell("log", log(2, far, 32)); tell("wrapping", log(2, 0xfffffff0, 32)); tell("negative", log(2, 0, -1));
      tell("property", getProperty(far, 1, out, out + 4)); tell("property out", getProperty(at("cluster_name"), 12, far, out));
      tell("header", getHeader(0, far, 1, out, out + 4)); tell("header out", getHeader(0, at(":path"), 5, out, far));
      tell("replace", replaceHeader(0, at("a"), 1, far, 1)); tell("remove", removeHeader(0, far, 1)); tell("pairs", setPairs(0, far, 1));
      tell("time", currentTime(far)); tell("metric", defineMetric(0, far, 1, out)); tell("shared", setShared(far, 1, out, 1, 0));
      tell("reply", sendLocalResponse(503, far, 1, 0, 0, 0, 0, -1)); tell("call", httpCall(far, 1, 0, 0, 0, 0, 0, 0, 0, out));`),
  );
  request(running, { cluster_name: 'x' });
  expect(said(running)).toHaveLength(15);
  expect(said(running).every((line) => line.endsWith('=6'))).toBe(true);
});

test('a plugin whose memory grows meanwhile is still read and written in the right place', async () => {
  const running = await runFixture(`
    ${onRequest('memory.grow(3); tell("get", getHeader(0, at(":path"), 5, out, out + 4)); say(given()); addHeader(0, at("x-a"), 3, at("1"), 1);')}`);
  expect(request(running).environment.request.get('x-a')).toBe('1');
  expect(said(running)).toEqual(['get=0', '/']);
  expect(running.plugin.memoryBytes()).toBeGreaterThanOrEqual(4 * 65_536);
});
