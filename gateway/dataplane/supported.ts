import type { FilterFactory } from './filter-factory.ts';
import { compressor } from './filters/compressor.ts';
import { cors } from './filters/cors.ts';
import { grpcJsonTranscoder } from './filters/grpc-json-transcoder.ts';
import { headerMutation } from './filters/header-mutation.ts';
import { healthCheck } from './filters/health-check.ts';
import { jwtAuthn } from './filters/jwt-authn.ts';
import { localRatelimit } from './filters/local-ratelimit.ts';
import { rbac } from './filters/rbac.ts';
import { wasm } from './filters/wasm.ts';

/**
 * The HTTP filters that the embedded data plane has, besides the router. What a configuration may say is each one's strict schema, and that of
 * config/ for everything else: a field that no schema names ends the start with its path.
 */
export const supportedFilters: readonly FilterFactory[] = [
  healthCheck,
  cors,
  compressor,
  jwtAuthn,
  grpcJsonTranscoder,
  rbac,
  wasm,
  headerMutation,
  localRatelimit,
];

/** The message of the router, which ends every chain. */
export const routerType = 'envoy.extensions.filters.http.router.v3.Router';
/** The only network filter. */
export const connectionManagerType = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
/** The only extension of early_header_mutation_extensions. */
export const earlyHeaderMutationType = 'envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation';
