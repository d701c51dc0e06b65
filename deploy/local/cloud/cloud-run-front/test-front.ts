/** A front with one service behind it, for each test of a file. */
import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeAll, beforeEach } from 'vitest';
import { boundPort } from '../../../../services/platform/tools/bound-port.ts';
import type { RevisionPool } from '../instances/revision-pool.ts';
import { oneInstance } from '../instances/test-pool.ts';
import { type CloudRunFront, startCloudRunFront } from './cloud-run-front.ts';

const audience = 'https://customer.kumiko-local.kumiko.internal';
/** Who may call. */
export const gateway = 'kumiko-edge-gateway@kumiko-local.iam.gserviceaccount.com';

let nowMs = Date.UTC(2026, 0, 1);
const clock = { now: () => nowMs, schedule: () => () => {} };
let keyPair: Awaited<ReturnType<typeof generateKeyPair>>;
let front: CloudRunFront;
/** To the front. */
export let session: ClientHttp2Session;
/** What stands behind the front. */
export let service: Service;
let pool: RevisionPool;
/** How often the front has asked for keys. */
export let keyLookups = 0;

/** What time it is, in seconds, as claims have it. */
export const nowSeconds = () => nowMs / 1000;

/** Lets time pass. */
export function pass(ms: number): void {
  nowMs += ms;
}

/** Says in a file that each of its tests has one. */
export function startFrontForEach(): void {
  beforeAll(async () => {
    keyPair = await generateKeyPair('RS256', { extractable: true });
  });

  beforeEach(async () => {
    nowMs = Date.UTC(2026, 0, 1);
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
}

interface Service {
  readonly port: number;
  readonly seen: IncomingHttpHeaders[];
  readonly sessions: Set<ServerHttp2Session>;
  handle: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;
  kill(): Promise<void>;
}

/** Starts the service again, at its port. */
export async function restartService(): Promise<void> {
  service = await startService(service.port);
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
  return Object.assign(started, { port: boundPort(server) });
}

/** A token that the front lets in, but for these claims. */
export async function token(claims: Record<string, unknown> = {}): Promise<string> {
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

/** One call through a front, of what answers with what it was sent. */
export async function call(headers: OutgoingHttpHeaders, body = 'hello', on = session) {
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

/** The headers of a caller of Cloud Run. */
export async function serverless(claims?: Record<string, unknown>): Promise<OutgoingHttpHeaders> {
  return { 'x-serverless-authorization': `Bearer ${await token(claims)}` };
}

/** Another front of the same service. */
export async function startFront(options: Partial<Parameters<typeof startCloudRunFront>[0]>) {
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
