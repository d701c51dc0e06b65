import { randomFillSync } from 'node:crypto';

/** The span that a request comes from. */
export interface TraceParent {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

const pattern = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Reads a `traceparent` header as Envoy's OpenTelemetry tracer does: 55 characters of whatever version. Undefined where it is malformed. */
export function parseTraceparent(value: string): TraceParent | undefined {
  const parts = pattern.exec(value.toLowerCase());
  if (parts === null) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = parts;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Writes a `traceparent` header (https://www.w3.org/TR/trace-context/#traceparent-header). */
export function formatTraceparent({ traceId, spanId, sampled }: TraceParent): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

// One call for many ids: each costs more than the bytes.
const pool = Buffer.alloc(4096);
let used = pool.length;

/** Random bytes as lower-case hex digits: 16 for a trace's id, 8 for a span's. */
export function randomId(bytes: 8 | 16): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const start = used;
  used += bytes;
  return pool.toString('hex', start, used);
}
