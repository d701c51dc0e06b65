import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { type AddressInfo, connect as connectTcp } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type DataPlane, startDataPlane } from './start-data-plane.ts';
import { filter, type TestBootstrap, testBootstrap } from './testing/test-bootstrap.ts';

const started: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) await one.close();
});

async function start(parts: TestBootstrap, accessLog: (line: string) => void = () => {}): Promise<DataPlane & { url: string }> {
  const plane = await startDataPlane(testBootstrap(parts), { accessLog });
  started.push(plane);
  return { ...plane, url: `http://127.0.0.1:${plane.ports.test}` };
}

const answer = (text: string) => ({ direct_response: { status: 200, body: { inline_string: text } } });
const get = async (url: string, headers: Record<string, string> = {}) => (await fetch(url, { headers, redirect: 'manual' })).text();

describe('routes', () => {
  test('the first match wins, in the order of the file', async () => {
    const { url } = await start({
      routes: [
        { match: { safe_regex: { regex: '/a/[0-9]+' } }, ...answer('regex') },
        { match: { path: '/a/b', headers: [{ name: 'x-kind', string_match: { exact: 'special' } }] }, ...answer('header') },
        { match: { prefix: '/a' }, ...answer('prefix') },
        { match: { path: '/a/b' }, ...answer('never') },
        { match: { path: '/c', query_parameters: [{ name: 'q', string_match: { exact: '1' } }] }, ...answer('query') },
        { match: { path_separated_prefix: '/d' }, ...answer('separated') },
      ],
    });
    expect(await get(`${url}/a/12`)).toBe('regex');
    expect(await get(`${url}/a/12x`)).toBe('prefix');
    expect(await get(`${url}/a/b`, { 'x-kind': 'special' })).toBe('header');
    expect(await get(`${url}/a/b?x=1`)).toBe('prefix');
    expect(await get(`${url}/c?q=1`)).toBe('query');
    expect((await fetch(`${url}/c?q=2`)).status).toBe(404);
    expect(await get(`${url}/d/e`)).toBe('separated');
    expect((await fetch(`${url}/dd`)).status).toBe(404);
  });

  test('a redirect keeps the query', async () => {
    const { url } = await start({
      routes: [{ match: { prefix: '/old/' }, redirect: { prefix_rewrite: '/new/', response_code: 'PERMANENT_REDIRECT' } }],
    });
    const response = await fetch(`${url}/old/x?y=1`, { redirect: 'manual' });
    expect(response.status).toBe(308);
    expect(response.headers.get('location')).toBe(`${url}/new/x?y=1`);
  });

  test('an HTTP/1.1 upstream gets the rewritten path, host and headers', async () => {
    const upstream = createServer((request, response) => {
      request.on('data', () => {});
      request.on('end', () =>
        response.end(
          JSON.stringify([
            request.method,
            request.url,
            request.headers.host,
            request.headers['x-added'],
            request.headers['x-gone'] ?? null,
          ]),
        ),
      );
    });
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    started.push({ close: async () => void upstream.close() });
    const { url } = await start({
      http1Clusters: { plain: (upstream.address() as AddressInfo).port },
      routes: [
        {
          match: { prefix: '/api/' },
          route: { cluster: 'plain', prefix_rewrite: '/', host_rewrite_literal: 'upstream.example' },
          request_headers_to_add: [{ header: { key: 'x-added', value: '%REQ(:METHOD)%' } }],
          request_headers_to_remove: ['x-gone'],
        },
      ],
    });
    const response = await fetch(`${url}/api/x?y=1`, { method: 'POST', body: 'z'.repeat(100_000), headers: { 'x-gone': '1' } });
    expect(await response.json()).toEqual(['POST', '/x?y=1', 'upstream.example', 'POST', null]);
    expect(response.headers.get('x-envoy-upstream-service-time')).toMatch(/^\d+$/);
  });
});

describe('protocols', () => {
  test('HTTP/1.1 and HTTP/2 with prior knowledge share a port', async () => {
    const { url } = await start({ routes: [{ match: { prefix: '/' }, ...answer('hello') }] });
    for (const [flag, version] of [
      ['--http1.1', '1.1'],
      ['--http2-prior-knowledge', '2'],
    ] as const) {
      const curl = spawn('curl', ['-s', flag, '-w', ' %{http_version}', `${url}/`]);
      let out = '';
      curl.stdout.on('data', (chunk) => {
        out += String(chunk);
      });
      await new Promise((resolve) => curl.on('close', resolve));
      expect(out).toBe(`hello ${version}`);
    }
  });

  test.each([
    ['a bad request line', 'GARBAGE\r\n\r\n', '400'],
    ['two Host headers', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', '400'],
    ['a length beside chunks', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', '400'],
    ['headers over the limit', `GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${'x'.repeat(70_000)}\r\n\r\n`, '431'],
  ])('%s is refused', async (_name, bytes, status) => {
    const plane = await start({ routes: [{ match: { prefix: '/' }, ...answer('hello') }] });
    const socket = connectTcp(plane.ports.test!, '127.0.0.1');
    socket.write(bytes);
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    await new Promise((resolve) => socket.on('close', resolve));
    expect(text.split(' ')[1]).toBe(status);
  });
});

test('headers that do not come in time end the connection', async () => {
  const plane = await start({ routes: [{ match: { prefix: '/' }, ...answer('hello') }], manager: { request_headers_timeout: '0.2s' } });
  const texts = await Promise.all(
    ['', 'GET / HTTP/1.1\r\nHost: a\r\nX-Sl'].map(
      (bytes) =>
        new Promise<string>((resolve) => {
          const socket = connectTcp(plane.ports.test!, '127.0.0.1');
          socket.write(bytes);
          let text = '';
          socket.on('data', (chunk) => {
            text += String(chunk);
          });
          socket.on('close', () => resolve(text));
        }),
    ),
  );
  expect(texts[0]).toBe('');
  expect(texts[1]).toMatch(/^HTTP\/1.1 408 /);
});

test('a body that goes on after its answer is read for delayed_close_timeout, then the connection ends', async () => {
  const plane = await start({ routes: [{ match: { prefix: '/' }, ...answer('no') }], manager: { delayed_close_timeout: '0.1s' } });
  const socket = connectTcp(plane.ports.test!, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegun');
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.on('close', resolve));
  expect(text).toMatch(/^HTTP\/1.1 200 .*no$/s);
});

describe('admin', () => {
  test('tells readiness, metrics and configuration, and drains', async () => {
    const plane = await start({ routes: [{ match: { prefix: '/' }, ...answer('hello') }], admin: true });
    const admin = `http://127.0.0.1:${plane.ports.admin}`;
    expect(await get(`${admin}/ready`)).toBe('LIVE\n');
    await get(plane.url);
    const metrics = await get(`${admin}/stats/prometheus`);
    expect(metrics).toContain('envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="test"} 1');
    expect(metrics).toContain('envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="test"} 1');
    expect(JSON.parse(await get(`${admin}/config_dump`)).configs[0].bootstrap.static_resources.listeners[0].name).toBe('test');
    expect((await fetch(`${admin}/drain_listeners`)).status).toBe(405);
    await fetch(`${admin}/drain_listeners?graceful`, { method: 'POST' });
    expect((await fetch(`${admin}/ready`)).status).toBe(503);
    await expect(fetch(plane.url)).rejects.toThrow();
  });
});

describe('configuration', () => {
  test.each<[string, TestBootstrap, string]>([
    [
      'an unknown filter',
      { routes: [], filters: [filter('envoy.extensions.filters.http.lua.v3.Lua', {})] },
      'http_filters[0].typed_config.@type: type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua is not supported',
    ],
    [
      'an unknown field of a filter',
      { routes: [], filters: [filter('envoy.extensions.filters.http.cors.v3.Cors', { extra: 1 })] },
      'http_filters[0].typed_config.extra: not supported',
    ],
    [
      'a cluster that is not there',
      { routes: [{ match: { prefix: '/' }, route: { cluster: 'nowhere' } }] },
      'routes[0].route.cluster: there is no cluster nowhere',
    ],
    [
      'two kinds of match',
      { routes: [{ match: { prefix: '/', path: '/' }, ...answer('') }] },
      'routes[0].match: exactly one of prefix, path',
    ],
    [
      'a field of a route',
      { routes: [{ match: { prefix: '/' }, route: { cluster: 'down', hash_policy: [] } }] },
      'routes[0].route.hash_policy: not supported',
    ],
  ])('%s is refused by its path', async (_name, parts, message) => {
    await expect(startDataPlane(testBootstrap(parts))).rejects.toThrow(message);
  });
});

test('the access log tells method, path, status, reason and gRPC status', async () => {
  const lines: string[] = [];
  const log = {
    name: 'log',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
      log_format: {
        json_format: {
          path: '%REQ(:METHOD)% %REQ(X-NONE?:PATH)%',
          status: '%RESPONSE_CODE%',
          details: '%RESPONSE_CODE_DETAILS%',
          none: '%UPSTREAM_CLUSTER%',
        },
      },
    },
  };
  const { url } = await start({ routes: [{ match: { path: '/x' }, ...answer('hello') }], manager: { access_log: [log] } }, (line) =>
    lines.push(line),
  );
  await get(`${url}/x?y=1`);
  await get(`${url}/z`);
  await expect.poll(() => lines.length).toBe(2);
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { path: 'GET /x?y=1', status: 200, details: 'direct_response', none: null },
    { path: 'GET /z', status: 404, details: 'route_not_found', none: null },
  ]);
});
