import {
  type ClientHttp2Stream,
  constants,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { JWTVerifyGetKey } from 'jose';
import { boundPort } from '../../../../services/platform/tools/bound-port.ts';
import type { Clock, LocalServer } from '../../shared/local-server.ts';
import type { NoInstanceError } from '../instances/no-instance.ts';
import type { Backend, Lease } from '../instances/revision-pool.ts';
import { addFrontHeaders } from './front-headers.ts';
import { createInvokerCheck, type Verdict } from './invoker-check.ts';
import { maxSessionMemoryMib, sessionWindowBytes, streamWindowBytes } from './limits.ts';
import { OpenStreams } from './open-streams.ts';
import { refuse } from './refusals.ts';
import { relayStream } from './relay-stream.ts';
import { RequestTimeouts } from './request-timeouts.ts';

/** What stands before one Cloud Run service. */
export interface CloudRunFront extends LocalServer {
  /** Resolves when there has been no request for `quietMs`, and after `limitMs` at the latest. Until it is closed it serves on. */
  quiet(quietMs: number, limitMs: number): Promise<void>;
}

/**
 * Starts Cloud Run's front of one service: HTTP/2 without TLS on both sides, and the IAM check of the invoker in between. A request is given a place at an
 * instance, and waits for it where there is none. Refusals are plain HTTP with an HTML body and no grpc-status, as on Cloud Run: gRPC clients read 429, 503 and
 * 504 as UNAVAILABLE (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md).
 */
export async function startCloudRunFront(options: {
  readonly port: number;
  /** The service's custom audience. */
  readonly audience: string;
  /** Accounts with roles/run.invoker on the service. */
  readonly allowedEmails: readonly string[];
  /** Google's public keys: jose's `createRemoteJWKSet(new URL('http://127.0.0.1:…/google/jwks.json'))` or `createLocalJWKSet(issuer.jwks('google'))`. */
  readonly keys: JWTVerifyGetKey;
  readonly clock: Clock;
  /** What gives requests their places. */
  readonly backend: Backend;
  /** The longest that a request may take, its wait for an instance included. */
  readonly timeoutMs: number;
  /** Sees each call as it is passed on; reads from both streams, and changes nothing. */
  readonly onCall?: ((headers: IncomingHttpHeaders, downstream: ServerHttp2Stream, upstream: ClientHttp2Stream) => void) | undefined;
}): Promise<CloudRunFront> {
  const check = createInvokerCheck(options);
  const { backend } = options;
  const timeouts = new RequestTimeouts(options.timeoutMs, options.clock);
  const sessions = new Set<ServerHttp2Session>();
  const streams = new OpenStreams(options.clock);
  const server = createServer({
    maxSessionMemory: maxSessionMemoryMib,
    settings: { initialWindowSize: streamWindowBytes },
    // One gateway's connection carries the cancellations of all its clients: that is no rapid-reset attack.
    streamResetBurst: 100_000,
    streamResetRate: 10_000,
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.setLocalWindowSize(sessionWindowBytes);
    session.on('error', () => {});
    session.once('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => {
    stream.on('error', () => {});
    streams.add(stream);
    const endOfStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const verdict = check.admit(headers);
    if (typeof verdict !== 'object') {
      forward(stream, headers, endOfStream, verdict);
      return;
    }
    verdict.then(
      (late) => forward(stream, headers, endOfStream, late),
      (error: unknown) => {
        console.error(error);
        refuse(stream, 503);
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });

  return {
    port: boundPort(server),
    quiet: (quietMs, limitMs) => streams.quiet(quietMs, limitMs),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of sessions) session.destroy();
      timeouts.close();
      await closed;
    },
  };

  function forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, endOfStream: boolean, verdict: Verdict): void {
    if (stream.destroyed || stream.closed) return;
    if (verdict !== true) {
      refuse(stream, verdict);
      return;
    }
    addFrontHeaders(headers, stream.session?.socket.remoteAddress ?? '127.0.0.1');
    timeouts.begin(stream);
    const lease = backend.lease();
    if (!(lease instanceof Promise)) {
      pass(stream, headers, endOfStream, lease);
      return;
    }
    lease.then(
      (late) => pass(stream, headers, endOfStream, late),
      ({ status }: NoInstanceError) => refuse(stream, status),
    );
  }

  function pass(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, endOfStream: boolean, { session, release }: Lease): void {
    if (stream.destroyed || stream.closed || stream.headersSent) {
      release();
      return;
    }
    let request: ClientHttp2Stream;
    try {
      request = session.request(headers, { endStream: endOfStream });
    } catch {
      release();
      // Node does not pass on what it takes for malformed, such as CONNECT with a path; the connection may just have been lost as well.
      refuse(stream, session.destroyed || session.closed ? 503 : 400);
      return;
    }
    request.once('close', release);
    relayStream(stream, request, () => refuse(stream, 503));
    options.onCall?.(headers, stream, request);
  }
}
