import http2 from 'node:http2';
import { create, toBinary } from '@bufbuild/protobuf';
import { protos } from '@google-cloud/spanner';
import { status } from '@grpc/grpc-js';
import { RetryInfoSchema } from '../../contracts/gen/types/google/rpc/error_details_pb.js';

const v1 = protos.google.spanner.v1;
const spannerPath = '/google.spanner.v1.Spanner/';

/** A method of google.spanner.v1.Spanner. */
type SpannerMethod = 'BeginTransaction' | 'ExecuteStreamingSql' | 'ExecuteBatchDml' | 'Commit' | 'Rollback';

interface Fault {
  readonly method: SpannerMethod;
  /** How many calls of the method pass before the one that meets the fault. */
  skip: number;
  /** Does to the server what the call would, or not, and says what the client hears. */
  readonly meet: (call: Call) => Promise<http2.OutgoingHttpHeaders>;
}

interface Call {
  readonly upstream: http2.ClientHttp2Session;
  readonly headers: http2.IncomingHttpHeaders;
  readonly method: string;
  readonly body: Buffer;
}

/** Stands between the Spanner client and a server, on HTTP/2 so that it works with any: counts calls and aborts transactions on demand. */
export interface FaultProxy {
  /** host:port for the client. */
  readonly host: string;
  /** Calls since the last `forget`, in order. Those that keep sessions are left out. */
  readonly calls: readonly string[];
  forget(): void;
  /**
   * Aborts the transaction of the next call of `method`, or of one after `skip` more, as Spanner does: rolled back at the server, ABORTED at the client.
   * Without `retryDelayMs` there is no RetryInfo.
   */
  abortNext(method: SpannerMethod, options?: { readonly skip?: number; readonly retryDelayMs?: number }): void;
  /** Loses the connection at the next call of `method`, after the server has carried it out. */
  loseNextAnswer(method: SpannerMethod): void;
  close(): Promise<void>;
}

/** Starts the proxy on a free port of 127.0.0.1. */
export async function startFaultProxy(upstreamHost: string): Promise<FaultProxy> {
  const upstream = http2.connect(`http://${upstreamHost}`);
  const sessions = new Set<http2.ServerHttp2Session>();
  const calls: string[] = [];
  const faults: Fault[] = [];

  function nextFault(method: string): Fault | undefined {
    const index = faults.findIndex((fault) => fault.method === method && fault.skip-- === 0);
    return index === -1 ? undefined : faults.splice(index, 1)[0];
  }

  const server = http2.createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    const path = String(headers[':path']);
    const method = path.startsWith(spannerPath) ? path.slice(spannerPath.length) : '';
    if (method !== '' && !method.includes('Session')) calls.push(method);
    const fault = nextFault(method);
    if (fault === undefined) return forward(upstream, stream, headers);
    readAll(stream)
      .then((body) => fault.meet({ upstream, headers, method, body }))
      .then((answer) => stream.respond(answer, { endStream: true }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    host: `127.0.0.1:${(server.address() as { port: number }).port}`,
    calls,
    forget: () => {
      calls.length = 0;
    },
    abortNext: (method, { skip = 0, retryDelayMs } = {}) => {
      const meet = async (call: Call) => {
        await rollBack(call);
        return abortedHeaders(retryDelayMs);
      };
      faults.push({ method, skip, meet });
    },
    loseNextAnswer: (method) => {
      const meet = async ({ upstream, headers, body }: Call) => {
        await callUpstream(upstream, headersOf(headers), body);
        return failure(status.UNAVAILABLE);
      };
      faults.push({ method, skip: 0, meet });
    },
    async close() {
      for (const session of sessions) session.destroy();
      upstream.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(upstream: http2.ClientHttp2Session, stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
  const request = upstream.request(headersOf(headers));
  request.on('error', () => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR));
  stream.on('aborted', () => request.close(http2.constants.NGHTTP2_CANCEL));
  stream.pipe(request);
  let trailers: http2.IncomingHttpHeaders = {};
  request.on('trailers', (received) => {
    trailers = received;
  });
  request.on('response', (received, flags) => {
    if (stream.destroyed) return;
    const over = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(headersOf(received), { endStream: over, waitForTrailers: !over });
    if (!over) request.pipe(stream);
  });
  stream.on('wantTrailers', () => stream.sendTrailers(headersOf(trailers)));
}

function headersOf(headers: http2.IncomingHttpHeaders): http2.OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !['connection', 'host'].includes(name)));
}

async function readAll(stream: http2.Http2Stream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Ends the transaction at the server, so that nothing of it is left, as nothing is after a real abort. */
async function rollBack({ upstream, headers, method, body }: Call): Promise<void> {
  const { session, transactionId } = transactionOf(method, body.subarray(5));
  if (!session || !transactionId?.length) return;
  const rollback = v1.RollbackRequest.encode({ session, transactionId: transactionId as Uint8Array }).finish();
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(rollback.length, 1);
  await callUpstream(upstream, { ...headersOf(headers), ':path': `${spannerPath}Rollback` }, Buffer.concat([prefix, rollback]));
}

async function callUpstream(upstream: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders, body: Buffer): Promise<void> {
  const request = upstream.request(headers);
  request.end(body);
  await readAll(request);
}

function transactionOf(
  method: string,
  message: Buffer,
): { session?: string | null; transactionId?: Uint8Array | string | null | undefined } {
  if (method === 'Commit') return v1.CommitRequest.decode(message);
  const { session, transaction } = (method === 'ExecuteBatchDml' ? v1.ExecuteBatchDmlRequest : v1.ExecuteSqlRequest).decode(message);
  return { session, transactionId: transaction?.id };
}

function abortedHeaders(retryDelayMs: number | undefined): http2.OutgoingHttpHeaders {
  if (retryDelayMs === undefined) return failure(status.ABORTED);
  const info = create(RetryInfoSchema, { retryDelay: { seconds: 0n, nanos: retryDelayMs * 1e6 } });
  return { ...failure(status.ABORTED), 'google.rpc.retryinfo-bin': Buffer.from(toBinary(RetryInfoSchema, info)).toString('base64') };
}

function failure(code: status): http2.OutgoingHttpHeaders {
  return { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': code, 'grpc-message': 'injected' };
}
