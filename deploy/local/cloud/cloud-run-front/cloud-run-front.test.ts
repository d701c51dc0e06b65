import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { NoInstanceError } from '../instances/no-instance.ts';
import type { RevisionPool } from '../instances/revision-pool.ts';
import { oneInstance } from '../instances/test-pool.ts';
import { type CloudRunFront, startCloudRunFront } from './cloud-run-front.ts';

const audience = 'https://customer.kumiko-local.kumiko.internal';
const gateway = 'kumiko-edge-gateway@kumiko-local.iam.gserviceaccount.com';
let nowMs = Date.UTC(2026, 0, 1);
const clock = { now: () => nowMs, schedule: () => () => {} };
let keyPair: Awaited<ReturnType<typeof generateKeyPair>>;
let front: CloudRunFront;
let session: ClientHttp2Session;
let service: Service;
let pool: RevisionPool;
let keyLookups = 0;

beforeAll(async () => {
  keyPair = await generateKeyPair('RS256', { extractable: true });
});

beforeEach(async () => {
  service = await startService();
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(keyPair.publicKey)), kid: 'k', alg: 'RS256' }] });
  keyLookups = 0;
  pool = oneInstance(service.port, clock);
  front = await startCloudRunFront({
    port: 0,
    audience,
    allowedEmails: [gateway],
    keys: (header, token) => {
      keyLookups++;
      return keys(header, token);
    },
    clock,
    backend: pool,
    timeoutMs: 60_000,
  });
  session = connect(`http://127.0.0.1:${front.port}`);
  session.on('error', () => {});
});

afterEach(async () => {
  session.destroy();
  await front.close();
  pool.close();
  await service.kill();
});

interface Service {
  readonly port: number;
  readonly seen: IncomingHttpHeaders[];
  readonly sessions: Set<ServerHttp2Session>;
  handle: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  kill(): Promise<void>;
}

async function startService(port = 0): Promise<Service> {
  const server: Http2Server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (each) => {
    sessions.add(each);
    each.on('error', () => {});
    each.once('close', () => sessions.delete(each));
  });
  const started: Service = {
    port: 0,
    seen: [],
    sessions,
    handle: (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.pipe(stream);
    },
    kill: async () => {
      for (const each of sessions) each.destroy();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {});
    started.seen.push(headers);
    started.handle(stream, headers);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return Object.assign(started, { port: (server.address() as AddressInfo).port });
}

async function token(claims: Record<string, unknown> = {}): Promise<string> {
  const all = {
    iss: 'https://accounts.google.com',
    aud: audience,
    email: gateway,
    email_verified: true,
    exp: nowMs / 1000 + 3600,
    ...claims,
  };
  return new SignJWT(all).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(keyPair.privateKey);
}

async function call(headers: OutgoingHttpHeaders, body = 'hello', on = session) {
  const stream = on.request({ ':method': 'POST', ':path': '/pkg.Service/Method', ...headers });
  let trailers: IncomingHttpHeaders = {};
  stream.on('trailers', (received) => {
    trailers = received;
  });
  stream.end(body);
  const [response] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  let text = '';
  for await (const chunk of stream.setEncoding('utf8')) text += chunk;
  return { status: response[':status'], headers: response, text, trailers };
}

async function serverless(claims?: Record<string, unknown>): Promise<OutgoingHttpHeaders> {
  return { 'x-serverless-authorization': `Bearer ${await token(claims)}` };
}

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

test('checks Authorization where there is no X-Serverless-Authorization', async () => {
  expect((await call({ authorization: `Bearer ${await token()}` })).status).toBe(200);
  expect(service.seen[0]?.authorization).toMatch(/\.SIGNATURE_REMOVED_BY_GOOGLE$/);
});

test('a good Authorization does not help where X-Serverless-Authorization is bad', async () => {
  const answer = await call({ 'x-serverless-authorization': 'Bearer a.b.c', authorization: `Bearer ${await token()}` });
  expect(answer.status).toBe(401);
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

test.each([
  ['no token', () => ({}), 401],
  ['another scheme', () => ({ 'x-serverless-authorization': 'Basic abc' }), 401],
  ['no JWT', () => ({ 'x-serverless-authorization': 'Bearer abc' }), 401],
  ['another audience', () => serverless({ aud: 'https://partner.kumiko-local.kumiko.internal' }), 401],
  ['another issuer', () => serverless({ iss: 'https://securetoken.google.com/kumiko-local' }), 401],
  ['expired', () => serverless({ exp: nowMs / 1000 - 1 }), 401],
  ['no expiry', () => serverless({ exp: undefined }), 401],
  ['an account that may not invoke', () => serverless({ email: 'kumiko-webhook@kumiko-local.iam.gserviceaccount.com' }), 403],
  ['an e-mail that nobody verified', () => serverless({ email_verified: false }), 403],
  ['no e-mail', () => serverless({ email: undefined }), 403],
] as const)('refuses %s as plain HTTP, without reaching the service', async (_, headers, status) => {
  const answer = await call(await headers());
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toBe('text/html; charset=UTF-8');
  expect(answer.headers['grpc-status']).toBeUndefined();
  expect(service.seen).toHaveLength(0);
});

test('refuses a forged signature, also of a token that passed before, and a stripped one', async () => {
  const good = await token();
  expect((await call({ 'x-serverless-authorization': `Bearer ${good}` })).status).toBe(200);
  const [header, , signature] = good.split('.');
  const forgedClaims = Buffer.from(JSON.stringify({ ...decodeJwt(good), sub: 'other' })).toString('base64url');
  expect((await call({ 'x-serverless-authorization': `Bearer ${header}.${forgedClaims}.${signature}` })).status).toBe(401);
  const stripped = service.seen[0]?.['x-serverless-authorization'];
  expect((await call({ 'x-serverless-authorization': stripped })).status).toBe(401);
});

test('a token is verified once and then known until it expires', async () => {
  const headers = await serverless({ exp: nowMs / 1000 + 60 });
  for (let request = 0; request < 3; request++) expect((await call(headers)).status).toBe(200);
  expect(keyLookups).toBe(1);
  nowMs += 60_000;
  expect((await call(headers)).status).toBe(401);
  expect(keyLookups).toBe(1);
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
  service = await startService(service.port);
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
  const timers = createManualClock(nowMs);
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
  await vi.waitFor(() => expect(service.seen).toHaveLength(2));
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
  await vi.waitFor(() => expect(cut).toHaveLength(2));
  slow.session.destroy();
  await slow.front.close();
});

/** Another front of the same service. */
async function startFront(options: Partial<Parameters<typeof startCloudRunFront>[0]>) {
  const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(keyPair.publicKey)), kid: 'k', alg: 'RS256' }] });
  const front = await startCloudRunFront({
    port: 0,
    audience,
    allowedEmails: [gateway],
    keys,
    clock,
    backend: pool,
    timeoutMs: 60_000,
    ...options,
  });
  const session = connect(`http://127.0.0.1:${front.port}`);
  session.on('error', () => {});
  return { front, session };
}

test('keys that cannot be fetched are the platform’s fault, not the caller’s', async () => {
  const logged = vi.spyOn(console, 'error').mockImplementation(() => {});
  const broken = await startCloudRunFront({
    port: 0,
    audience,
    allowedEmails: [gateway],
    keys: () => Promise.reject(new TypeError('fetch failed')),
    clock,
    backend: pool,
    timeoutMs: 60_000,
  });
  const before = session;
  session = connect(`http://127.0.0.1:${broken.port}`);
  expect((await call(await serverless())).status).toBe(503);
  session.destroy();
  session = before;
  await broken.close();
  expect(logged).toHaveBeenCalledOnce();
  logged.mockRestore();
});
