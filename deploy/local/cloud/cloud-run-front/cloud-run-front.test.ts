import { once } from 'node:events';
import { constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { NoInstanceError } from '../instances/no-instance.ts';
import { call, gateway, nowSeconds, restartService, serverless, service, session, startFront, startFrontForEach } from './test-front.ts';

startFrontForEach();

test('passes headers, body and trailers, and the token without its signature', async () => {
  const authorization = 'Bearer the.users.token';
  const answer = await call({ ...(await serverless()), authorization, 'x-custom-bin': 'AAEC', te: 'trailers' });
  expect(answer).toMatchObject({ status: 200, text: 'hello', trailers: { 'grpc-status': '0' } });
  const [seen] = service.seen;
  expect(seen).toMatchObject({ ':path': '/pkg.Service/Method', authorization, 'x-custom-bin': 'AAEC', te: 'trailers' });
  const passed = String(seen?.['x-serverless-authorization']);
  expect(passed).toMatch(/^Bearer [\w-]+\.[\w-]+\.SIGNATURE_REMOVED_BY_GOOGLE$/);
  expect(decodeJwt(passed.slice('Bearer '.length))['email']).toBe(gateway);
});

test('adds where the request comes from and a trace', async () => {
  await call({ ...(await serverless()), 'x-forwarded-for': '203.0.113.7' });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-00000000000000ff-00';
  await call({ ...(await serverless()), traceparent });
  await call({ ...(await serverless()), 'x-cloud-trace-context': '0af7651916cd43dd8448eb211c80319c/255;o=0' });
  const [first, second, third] = service.seen;
  expect(first).toMatchObject({ 'x-forwarded-for': '203.0.113.7, 127.0.0.1', 'x-forwarded-proto': 'https' });
  expect(first?.['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  expect(second).toMatchObject({ traceparent, 'x-cloud-trace-context': '0af7651916cd43dd8448eb211c80319c/255;o=0' });
  expect(third).toMatchObject({ traceparent });
});

test('all requests share one connection to the service', async () => {
  const headers = await serverless();
  await Promise.all(Array.from({ length: 50 }, () => call(headers)));
  expect(service.seen).toHaveLength(50);
  expect(service.sessions.size).toBe(1);
});

test('both directions stream at the same time', async () => {
  const stream = session.request({ ':method': 'POST', ':path': '/', ...(await serverless()) });
  stream.setEncoding('utf8');
  for (const message of ['one', 'two', 'three']) {
    stream.write(message);
    expect((await once(stream, 'data'))[0]).toBe(message);
  }
  stream.end();
  await once(stream, 'close');
});

test('trailers-only answers stay trailers-only', async () => {
  service.handle = (stream) => stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true });
  const stream = session.request({ ':method': 'POST', ':path': '/', ...(await serverless()) }, { endStream: true });
  const [headers, flags] = (await once(stream, 'response')) as [IncomingHttpHeaders, number];
  expect(headers['grpc-status']).toBe('5');
  expect(flags & constants.NGHTTP2_FLAG_END_STREAM).toBeTruthy();
  stream.resume();
  await once(stream, 'close');
  expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
});

test('a client that cancels resets the service’s stream', async () => {
  const cancelled = new Promise<number>((resolve) => {
    service.handle = (stream) => {
      stream.respond({ ':status': 200 });
      stream.write('x');
      stream.on('close', () => resolve(stream.rstCode));
    };
  });
  const stream = session.request({ ':method': 'POST', ':path': '/', ...(await serverless()) });
  await once(stream, 'data');
  stream.close(constants.NGHTTP2_CANCEL);
  expect(await cancelled).toBe(constants.NGHTTP2_CANCEL);
});

test('a reset of the service reaches the client with its code', async () => {
  service.handle = (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('x', () => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM));
  };
  const stream = session.request({ ':method': 'POST', ':path': '/', ...(await serverless()) });
  stream.on('error', () => {});
  stream.resume();
  await new Promise((resolve) => stream.on('close', resolve));
  expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
});

test('a service that is killed in the middle of an answer resets the stream, never ends it well', async () => {
  service.handle = (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('x');
  };
  const stream = session.request({ ':method': 'POST', ':path': '/', ...(await serverless()) });
  stream.on('error', () => {});
  await once(stream, 'data');
  await service.kill();
  await new Promise((resolve) => stream.on('close', resolve));
  expect(stream.rstCode).not.toBe(constants.NGHTTP2_NO_ERROR);
});

test('an answer before the end of the request reaches the client', async () => {
  service.handle = (stream) => {
    stream.respond({ ':status': 200, 'grpc-status': '3' }, { endStream: true });
    // Node drops headers that wait when the reset follows in the same turn.
    setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
  };
  const stream = session.request({ ':method': 'POST', ':path': '/', ...(await serverless()) });
  stream.on('error', () => {});
  stream.write('never ended');
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  expect(headers['grpc-status']).toBe('3');
  stream.resume();
  stream.end();
  await once(stream, 'close');
});

test('a client that does not read holds the service back', async () => {
  const chunk = Buffer.alloc(64 * 1024);
  const echo = service.handle;
  let written = 0;
  const stalled = new Promise<void>((resolve) => {
    service.handle = (stream) => {
      stream.respond({ ':status': 200 });
      const fill = () => {
        while (written < 64 << 20) {
          written += chunk.length;
          if (!stream.write(chunk)) {
            stream.once('drain', fill);
            break;
          }
        }
        resolve();
      };
      fill();
    };
  });
  const stream = session.request({ ':method': 'POST', ':path': '/', ...(await serverless()) }, { endStream: true });
  await once(stream, 'response');
  await stalled;
  // Other streams go on meanwhile.
  service.handle = echo;
  for (let request = 0; request < 20; request++) expect((await call(await serverless())).text).toBe('hello');
  expect(written).toBeLessThan(4 << 20);
  stream.close(constants.NGHTTP2_CANCEL);
});

test('a service that comes back at the same port is reached without being told, and requests wait for it', async () => {
  const headers = await serverless();
  await call(headers);
  await service.kill();
  const waiting = call(headers);
  await restartService();
  expect((await waiting).status).toBe(200);
});

test('who waits for an instance that does not come is told 503 or 429', async () => {
  for (const status of [503, 429] as const) {
    const none = await startFront({ backend: { lease: () => Promise.reject(new NoInstanceError(status)) } });
    expect((await call(await serverless(), 'hello', none.session)).status).toBe(status);
    none.session.destroy();
    await none.front.close();
  }
});

test('a request that takes too long is 504, or cut where its answer has begun, and the service is told', async () => {
  const timers = createManualClock(nowSeconds() * 1000);
  const slow = await startFront({ clock: timers, timeoutMs: 30_000 });
  const cut: number[] = [];
  service.handle = (stream, headers) => {
    if (headers[':path'] === '/begins') stream.respond({ ':status': 200 });
    stream.on('close', () => cut.push(stream.rstCode));
  };
  const open = (path: string, headers: OutgoingHttpHeaders) => {
    const stream = slow.session.request({ ':method': 'POST', ':path': path, ...headers }, { endStream: true });
    stream.on('error', () => {});
    return stream;
  };
  const headers = await serverless();
  const silent = open('/silent', headers);
  const begun = open('/begins', headers);
  await once(begun, 'response');
  await expect.poll(() => service.seen).toHaveLength(2);
  timers.advance(29_999);
  expect(silent.closed).toBe(false);
  const answered = once(silent, 'response');
  const ended = new Promise((resolve) => begun.on('close', resolve));
  begun.resume();
  timers.advance(1);
  const [answer] = (await answered) as [IncomingHttpHeaders];
  expect(answer[':status']).toBe(504);
  await ended;
  expect(begun.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  silent.resume();
  await expect.poll(() => cut).toHaveLength(2);
  slow.session.destroy();
  await slow.front.close();
});
