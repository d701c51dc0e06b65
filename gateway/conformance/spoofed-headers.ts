import type { ExpectedHeaders, HeaderLines } from './conformance-case.ts';

/**
 * Every header that only a gateway may write or that steers Envoy itself, with what a hostile client would write into it. Held against
 * gateway/bootstrap/internal-headers.ts by coverage.test.ts: a header that is stripped there has to stand here.
 */
export const spoofedHeaders: HeaderLines = [
  ['x-kumiko-preview', 'customer=pr-7'],
  ['x-kumiko-preview-customer', 'pr-7'],
  ['x-kumiko-preview-partner', 'pr-7'],
  ['x-kumiko-preview-webhook', 'pr-7'],
  ['x-kumiko-preview-job', 'pr-7'],
  ['x-kumiko-no-cluster', 'metadata'],
  ['x-serverless-authorization', 'Bearer forged'],
  ['x-forwarded-authorization', 'Bearer forged'],
  ['x-goog-authenticated-user-email', 'accounts.google.com:operator@kumiko.example'],
  ['x-goog-authenticated-user-id', 'accounts.google.com:1'],
  ['x-goog-iap-jwt-assertion', 'forged'],
  ['x-http-method-override', 'DELETE'],
  ['x-envoy-attempt-count', '9'],
  ['x-envoy-decorator-operation', 'forged'],
  ['x-envoy-expected-rq-timeout-ms', '1'],
  ['x-envoy-external-address', '192.0.2.1'],
  ['x-envoy-force-trace', 'true'],
  ['x-envoy-hedge-on-per-try-timeout', 'true'],
  ['x-envoy-internal', 'true'],
  ['x-envoy-ip-tags', 'forged'],
  ['x-envoy-max-retries', '9'],
  ['x-envoy-original-method', 'DELETE'],
  ['x-envoy-original-path', '/forged'],
  ['x-envoy-retriable-header-names', 'x-forged'],
  ['x-envoy-retriable-status-codes', '200'],
  ['x-envoy-retry-grpc-on', 'cancelled'],
  ['x-envoy-retry-on', '5xx'],
  ['x-envoy-upstream-alt-stat-name', 'forged'],
  ['x-envoy-upstream-rq-per-try-timeout-ms', '1'],
  ['x-envoy-upstream-rq-timeout-alt-response', 'true'],
  ['x-envoy-upstream-rq-timeout-ms', '1'],
  ['x-envoy-upstream-stream-duration-ms', '1'],
];

/**
 * What of them may reach a service: nothing, but for the gateway's own token, the address that Envoy itself has seen, and what the transcoder says of a
 * REST request.
 */
export function strippedHeaders(rest: { readonly method: string; readonly path: string } | undefined): ExpectedHeaders {
  return {
    ...Object.fromEntries(spoofedHeaders.map(([name]) => [name, null])),
    'x-envoy-external-address': /^127\./,
    'x-serverless-authorization': /^Bearer ey[\w-]+\.ey[\w-]+\.[\w-]+$/,
    ...(rest !== undefined && { 'x-envoy-original-method': rest.method, 'x-envoy-original-path': rest.path }),
  };
}
