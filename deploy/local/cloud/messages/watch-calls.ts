import type { ClientHttp2Stream, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { decodeJwt } from 'jose';
import { Access } from '../../../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import type { Method } from '../../../../services/platform/contracts/methods.ts';
import { previewHeader } from '../../../../services/platform/contracts/preview.ts';
import { parseTraceparent } from '../../../../services/platform/contracts/traceparent.ts';
import type { NewRecord } from '../traces/record-store.ts';
import type { CallRecord } from './call-record.ts';
import { GrpcFrames } from './grpc-frames.ts';
import { maskedMessage } from './mask-message.ts';
import type { MessageTypes } from './message-types.ts';

/** A call as a front passes it on: `downstream` is who calls, `upstream` the service. */
export interface PassingCall {
  readonly service: string;
  readonly headers: IncomingHttpHeaders;
  readonly downstream: ServerHttp2Stream;
  readonly upstream: ClientHttp2Stream;
}

/** Of each direction of a call. */
const most = { bytes: 64 << 10, messages: 20 };
/** Calls of which messages are kept each second: more are for benchmarks, and a benchmark is not to pay for it. */
const callsPerSecond = 100;
const flushMs = 250;

interface EndedCall {
  readonly call: PassingCall;
  readonly method: Method;
  readonly atMs: number;
  readonly tookMs: number;
  readonly requests: GrpcFrames;
  readonly responses: GrpcFrames;
  readonly trailers: IncomingHttpHeaders;
}

/**
 * Sees calls pass. What they carried is decoded by the descriptor set and masked before it leaves memory; then `keep` is told. Beyond a rate calls are only
 * let through.
 */
export function watchCalls(
  types: MessageTypes,
  keep: (records: readonly NewRecord[]) => void,
): { readonly see: (call: PassingCall) => void; readonly close: () => void } {
  let left = callsPerSecond;
  let ended: EndedCall[] = [];
  const refill = setInterval(() => {
    left = callsPerSecond;
  }, 1_000);
  const flush = setInterval(() => {
    if (ended.length === 0) return;
    const calls = ended;
    ended = [];
    keep(calls.map((call) => recordOf(call, types)));
  }, flushMs);
  return {
    see(call) {
      const method = types.methods.get(String(call.headers[':path'] ?? ''));
      if (left === 0 || method === undefined) return;
      left -= 1;
      follow(call, method, (end) => ended.push(end));
    },
    close() {
      clearInterval(refill);
      clearInterval(flush);
    },
  };
}

function follow(call: PassingCall, method: Method, onEnd: (ended: EndedCall) => void): void {
  const { downstream, upstream } = call;
  const [requests, responses] = [new GrpcFrames(most), new GrpcFrames(most)];
  const [atMs, startedAt] = [Date.now(), performance.now()];
  let trailers: IncomingHttpHeaders = {};
  downstream.on('data', (chunk: Buffer) => requests.push(chunk));
  upstream.once('response', (headers) => {
    // An answer without messages has its status in its headers.
    trailers = headers;
    upstream.on('data', (chunk: Buffer) => responses.push(chunk));
  });
  upstream.once('trailers', (headers) => {
    trailers = headers;
  });
  upstream.once('close', () => onEnd({ call, method, atMs, tookMs: performance.now() - startedAt, requests, responses, trailers }));
}

function recordOf({ call, method, atMs, tookMs, requests, responses, trailers }: EndedCall, types: MessageTypes): NewRecord<CallRecord> {
  const { desc, policy, grpcPath } = method;
  const { headers, service } = call;
  const context = parseTraceparent(headers['traceparent']?.toString());
  const dataType = policy?.trigger?.kind.case === 'subscription' ? types.event : undefined;
  const code = trailers['grpc-status'];
  const spec: CallRecord = {
    service,
    method: grpcPath.slice(1),
    parent: context?.spanId ?? '',
    tookMs,
    caller: policy?.access === Access.PUBLIC ? undefined : callerOf(headers.authorization),
    preview: typeof headers[previewHeader] === 'string' ? headers[previewHeader] : undefined,
    requests: requests.messages.map((bytes) => maskedMessage(desc.input, bytes, { registry: types.registry, dataType })),
    responses: responses.messages.map((bytes) => maskedMessage(desc.output, bytes, { registry: types.registry })),
    omitted: requests.omitted + responses.omitted,
    code: code === undefined ? undefined : Number(code),
    message: decoded(String(trailers['grpc-message'] ?? '')),
  };
  return { kind: 'call', resource: spec.method, trace: context?.traceId ?? '', atMs, spec };
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses: percent-encoded; what is not, is taken as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whom a token is about. The token itself goes nowhere. */
function callerOf(authorization: string | undefined): string | undefined {
  try {
    const { sub, email } = decodeJwt((authorization ?? '').replace(/^bearer /i, ''));
    return typeof email === 'string' ? email : sub;
  } catch {
    return undefined;
  }
}
