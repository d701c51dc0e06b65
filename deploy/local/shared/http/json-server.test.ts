import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import * as z from 'zod';
import type { LocalServer } from '../local-server.ts';
import { HttpProblem } from './http-problem.ts';
import { startJsonServer } from './json-server.ts';

let server: LocalServer;

beforeAll(async () => {
  server = await startJsonServer({
    port: 0,
    routes: [
      {
        method: 'GET',
        path: '/v1/things/{id}',
        handle: ({ params, query }) => ({ status: 200, body: { id: params['id'], q: query.get('q') } }),
      },
      {
        method: 'POST',
        path: '/v1/things',
        handle: (request) => ({ status: 201, body: request.json(z.strictObject({ name: z.string() })) }),
      },
      {
        method: 'GET',
        path: '/broken',
        handle: () => {
          throw new Error('the inside of things');
        },
      },
      {
        method: 'GET',
        path: '/teapot',
        handle: async () => {
          throw new HttpProblem(418, 'teapot', 'short and stout');
        },
      },
    ],
  });
});

afterAll(() => server.close());

async function send(path: string, init: RequestInit = {}) {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
  return { status: response.status, body: await response.json() };
}

function post(body: string, contentType = 'application/json') {
  return send('/v1/things', { method: 'POST', headers: { 'content-type': contentType }, body });
}

test('path segments and the query are decoded', async () => {
  expect(await send('/v1/things/a%2Fb?q=%E7%B5%84')).toEqual({ status: 200, body: { id: 'a/b', q: '組' } });
});

test('a body is checked, and what is wrong with it is told', async () => {
  expect(await post('{"name":"x"}')).toEqual({ status: 201, body: { name: 'x' } });
  expect(await post('{"name":5}')).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', message: expect.stringContaining('name') } },
  });
  expect(await post('{"name"')).toMatchObject({ status: 400, body: { error: { code: 'invalid_json' } } });
  expect(await post('{"name":"x"}', 'text/plain')).toMatchObject({ status: 415 });
});

test('a body over the limit is 413 and can be read as such', async () => {
  expect(await post(JSON.stringify({ name: 'x'.repeat(8 << 20) }))).toMatchObject({ status: 413, body: { error: { code: 'too_large' } } });
});

test('unknown paths are 404, wrong methods 405, broken encodings 400', async () => {
  expect((await send('/v2/things')).status).toBe(404);
  expect((await send('/v1/things/a/b')).status).toBe(404);
  expect((await send('/v1/things')).status).toBe(405);
  expect((await send('/v1/things/%E0%A4%A')).status).toBe(400);
});

test('problems are told, unexpected errors are logged and not told', async () => {
  expect(await send('/teapot')).toEqual({ status: 418, body: { error: { code: 'teapot', message: 'short and stout' } } });
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  expect(await send('/broken')).toEqual({ status: 500, body: { error: { code: 'internal', message: 'internal error' } } });
  expect(logged).toHaveBeenCalledOnce();
  logged.mockRestore();
});

test('a taken port is named in the error', async () => {
  await expect(startJsonServer({ port: server.port, routes: [] })).rejects.toMatchObject({ code: 'EADDRINUSE', port: server.port });
});
