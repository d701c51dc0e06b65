import { serviceNames } from '../../services/platform/contracts/services.ts';
import { type GatewayEnvironment, hasPreviews } from './gateway-environment.ts';
import type { Role } from './gateway-methods.ts';

/** The header with the previews of all services, which asynchronous work carries on: "partner=pr-123,job=pr-7". */
export const choiceHeader = 'x-kumiko-preview';

/** The header that chooses the preview of one service. Only a filter behind the token check may set it. */
export function previewHeader(service: string): string {
  return `x-kumiko-preview-${service}`;
}

/** A header that no request carries, for a route that leads nowhere. */
export const noClusterHeader = 'x-kumiko-no-cluster';

/**
 * Headers that a client must not send through: those that filters and services believe, and those that steer Envoy itself. jwt_authn removes
 * the ones it writes only where its verifier runs, and the transcoder appends to x-envoy-original-method, so all go before the first match.
 */
const internalHeaders: readonly string[] = [
  choiceHeader,
  ...serviceNames.map(previewHeader),
  noClusterHeader,
  'x-serverless-authorization',
  'x-forwarded-authorization',
  'x-goog-authenticated-user-email',
  'x-goog-authenticated-user-id',
  'x-goog-iap-jwt-assertion',
  'x-http-method-override',
  'x-envoy-attempt-count',
  'x-envoy-decorator-operation',
  'x-envoy-expected-rq-timeout-ms',
  'x-envoy-external-address',
  'x-envoy-force-trace',
  'x-envoy-hedge-on-per-try-timeout',
  'x-envoy-internal',
  'x-envoy-ip-tags',
  'x-envoy-max-retries',
  'x-envoy-original-method',
  'x-envoy-original-path',
  'x-envoy-retriable-header-names',
  'x-envoy-retriable-status-codes',
  'x-envoy-retry-grpc-on',
  'x-envoy-retry-on',
  'x-envoy-upstream-alt-stat-name',
  'x-envoy-upstream-rq-per-try-timeout-ms',
  'x-envoy-upstream-rq-timeout-alt-response',
  'x-envoy-upstream-rq-timeout-ms',
  'x-envoy-upstream-stream-duration-ms',
];

/**
 * The headers that a gateway removes. Tasks bring the choice of previews to the jobs gateway in its header: there the dynamic-routing filter removes
 * it from what jwt_authn has not verified, and rbac lets only Google's own triggers through.
 */
export function headersToStrip(role: Role, environment: GatewayEnvironment): readonly string[] {
  return role === 'jobs' && hasPreviews(environment) ? internalHeaders.filter((name) => name !== choiceHeader) : internalHeaders;
}
