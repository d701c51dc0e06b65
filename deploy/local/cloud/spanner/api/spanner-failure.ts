import { Metadata, status } from '@grpc/grpc-js';

/** What the API refuses, as the status of the RPC. */
export class SpannerFailure extends Error {
  override readonly name = 'SpannerFailure';
  readonly code: status;
  readonly metadata: Metadata | undefined;

  constructor(code: status, message: string, metadata?: Metadata) {
    super(message);
    this.code = code;
    this.metadata = metadata;
  }
}

/** Without this detail the client waits 2 to 3 s before it runs an aborted transaction again, and then doubles. */
const RETRY_DELAY_MS = 5;

/** ABORTED: the client runs the whole transaction again, after a few milliseconds. */
export function aborted(message: string): SpannerFailure {
  const metadata = new Metadata();
  metadata.set('google.rpc.retryinfo-bin', retryInfo(RETRY_DELAY_MS));
  return new SpannerFailure(status.ABORTED, message, metadata);
}

export function invalidArgument(message: string): SpannerFailure {
  return new SpannerFailure(status.INVALID_ARGUMENT, message);
}

export function notFound(message: string): SpannerFailure {
  return new SpannerFailure(status.NOT_FOUND, message);
}

/** google.rpc.RetryInfo { retry_delay { nanos } } in its wire form: field 1, a Duration whose field 2 is a varint. */
function retryInfo(delayMs: number): Buffer {
  const varint: number[] = [];
  for (let rest = delayMs * 1e6; ; rest >>>= 7) {
    varint.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
    if (rest <= 0x7f) break;
  }
  return Buffer.from([0x0a, varint.length + 1, 0x10, ...varint]);
}
