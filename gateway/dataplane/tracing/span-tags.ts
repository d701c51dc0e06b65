import type { Cluster } from '../cluster.ts';
import { parseGrpcStatus } from '../grpc-status.ts';
import type { HttpStream } from '../http-stream.ts';
import { isGrpcContentType } from '../matchers.ts';
import type { AttemptOutcome } from './upstream-span.ts';

// Envoy's HttpTracerUtility (source/common/tracing/http_tracer_impl.cc), but for what may say who somebody is or what was said: the client's
// address and user agent, the URL's query and grpc-message. Envoy's own are dropped by the collector (deploy/otel).

/** Of gRPC's codes those that Envoy takes for an error of the upstream, not of the client. */
const upstreamErrors = new Set([2, 4, 8, 12, 13, 14, 15]);
/** Those that OpenTelemetry takes for an error of a server. */
const serverErrors = new Set([2, 4, 12, 13, 14, 15]);

/** The tags of a request's span: name, value, name, value… */
export function requestTags(stream: HttpStream, maxPathLength: number): string[] {
  const { request, response } = stream;
  const tags = [
    ...['http.url', originalUrl(stream, maxPathLength)],
    ...['http.method', request.get(':method') ?? ''],
    ...['downstream_cluster', request.get('x-envoy-downstream-service-cluster') ?? '-'],
    ...['http.protocol', stream.downstream.protocol],
  ];
  add(tags, 'guid:x-request-id', request.get('x-request-id'));
  add(tags, 'guid:x-client-trace-id', request.get('x-client-trace-id'));
  if (isGrpcContentType(request.get('content-type'))) {
    add(tags, 'grpc.path', request.get(':path'));
    add(tags, 'grpc.authority', request.get(':authority'));
    add(tags, 'grpc.content_type', request.get('content-type'));
    add(tags, 'grpc.timeout', request.get('grpc-timeout'));
  }
  tags.push('request_size', String(stream.bytesReceived), 'response_size', String(stream.bytesSent));
  addCommon(tags, stream.upstreamCluster, response?.get(':status'), stream.flags, stream.grpcStatus);
  return tags;
}

/** The tags of an attempt's span. */
export function attemptTags(
  attempt: { readonly cluster: Cluster; readonly retries: number; readonly address: string | undefined },
  { status, grpcStatus, resetReason, canceled }: AttemptOutcome,
): string[] {
  const { cluster, retries, address } = attempt;
  const tags = ['http.protocol', cluster.protocol];
  if (retries > 0) tags.push('retry.count', String(retries));
  add(tags, 'upstream_address', address);
  add(tags, 'peer.address', address);
  add(tags, 'error.reason', resetReason);
  if (canceled) tags.push('canceled', 'true');
  addCommon(tags, cluster.name, status, '-', parseGrpcStatus(grpcStatus), resetReason !== undefined);
  return tags;
}

/** Whether the span of a request is one of an error: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ and …/http/. */
export function serverFailed(stream: HttpStream): boolean {
  const code = stream.grpcStatus;
  return code === undefined ? Number(stream.response?.get(':status') ?? 0) >= 500 : serverErrors.has(code);
}

/** The same for an attempt, to whose client everything but OK is an error. */
export function clientFailed({ status, grpcStatus }: AttemptOutcome): boolean {
  const code = parseGrpcStatus(grpcStatus);
  return code === undefined ? Number(status ?? 0) >= 400 : code !== 0;
}

function addCommon(
  tags: string[],
  cluster: string | undefined,
  status: string | undefined,
  flags: string,
  grpcStatus: number | undefined,
  wasReset = false,
): void {
  tags.push('component', 'proxy');
  if (cluster !== undefined) tags.push('upstream_cluster', cluster, 'upstream_cluster.name', cluster);
  tags.push('http.status_code', status ?? '0', 'response_flags', flags);
  if (grpcStatus !== undefined) tags.push('grpc.status_code', String(grpcStatus));
  const failed = wasReset || status === undefined || status.startsWith('5');
  if (failed || (grpcStatus !== undefined && upstreamErrors.has(grpcStatus))) tags.push('error', 'true');
}

/** As the client asked for it, before the path was rewritten. */
function originalUrl({ request }: HttpStream, maxPathLength: number): string {
  const target = request.get('x-envoy-original-path') ?? request.get(':path') ?? '';
  const query = target.indexOf('?');
  const path = (query === -1 ? target : target.slice(0, query)).slice(0, maxPathLength);
  return `${request.get('x-forwarded-proto') ?? ''}://${request.get(':authority') ?? ''}${path}`;
}

function add(tags: string[], name: string, value: string | undefined): void {
  if (value !== undefined) tags.push(name, value);
}
