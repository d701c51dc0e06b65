import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http2';
import { formatTraceparent, parseCloudTraceContext, parseTraceparent } from '../../../../services/platform/contracts/traceparent.ts';

/** Adds what Cloud Run's front adds: where the request comes from, and a trace where there is none. */
export function addFrontHeaders(headers: IncomingHttpHeaders, clientAddress: string): void {
  const before = headers['x-forwarded-for'];
  headers['x-forwarded-for'] = before === undefined ? clientAddress : `${before}, ${clientAddress}`;
  // TLS always ends before the container, so services see https.
  headers['x-forwarded-proto'] = 'https';
  headers['traceparent'] ??= traceparentOf(headers['x-cloud-trace-context']) ?? newTraceparent();
  headers['x-cloud-trace-context'] ??= cloudTraceContext(String(headers['traceparent']));
}

/** What Google's older header says, in the newer one. */
function traceparentOf(older: string | string[] | undefined): string | undefined {
  const context = parseCloudTraceContext(older?.toString());
  return context && formatTraceparent(context);
}

/** A sampled W3C trace context, so that a request that skips the gateway can be followed too. */
function newTraceparent(): string {
  const ids = randomBytes(24).toString('hex');
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-01`;
}

/** Google's older header, TRACE/SPAN;o=SAMPLED with a decimal span id; undefined for a malformed traceparent. */
function cloudTraceContext(traceparent: string): string | undefined {
  const context = parseTraceparent(traceparent);
  return context && `${context.traceId}/${BigInt(`0x${context.spanId}`)};o=${context.traceFlags & 1}`;
}
