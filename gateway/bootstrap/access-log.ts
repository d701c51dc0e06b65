import type { Code } from '../../services/platform/contracts/gen/types/google/rpc/code_pb.js';
import type { GatewayEnvironment } from './gateway-environment.ts';
import { any, type Json, type JsonObject } from './json.ts';
import { isNativeGrpc, isRest } from './request-forms.ts';

/** Statuses of gRPC that are the fault of this side, as 5xx is in HTTP. */
const serverFaults: readonly (keyof typeof Code)[] = [
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
];

/**
 * One JSON line on stdout for each request, as Cloud Logging reads it. No tokens, no bodies, no queries, no client addresses.
 *
 * A gRPC call that fails is 200 in HTTP: its own status says how grave it is. Of a REST request that the transcoder has made gRPC, Envoy derives a gRPC
 * status from the HTTP status, which is another one than the service gave: it is left out there.
 */
export function accessLogs(environment: GatewayEnvironment): JsonObject[] {
  const rest = fields(environment);
  const grpc = { ...rest, grpcStatus: '%GRPC_STATUS%' };
  return [
    log('INFO', rest, [isRest, httpStatus('LE', 499)]),
    log('ERROR', rest, [isRest, httpStatus('GE', 500)]),
    log('INFO', grpc, [isNativeGrpc, { grpc_status_filter: { statuses: [...serverFaults], exclude: true } }]),
    log('ERROR', grpc, [isNativeGrpc, { grpc_status_filter: { statuses: [...serverFaults] } }]),
  ];
}

function log(severity: string, format: JsonObject, filters: readonly Json[]): JsonObject {
  return {
    name: 'envoy.access_loggers.stdout',
    filter: { and_filter: { filters } },
    typed_config: any('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
      log_format: { json_format: { severity, ...format }, omit_empty_values: true },
    }),
  };
}

/** A query may say what is nobody's business, or hold a token that does not belong there. */
const path = '%PATH(NQ:ORIG_OR_PATH)%';

function fields({ project, otelCollector }: GatewayEnvironment): JsonObject {
  return {
    time: '%START_TIME%',
    message: `%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)% ${path} %RESPONSE_CODE%`,
    httpRequest: {
      requestMethod: '%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)%',
      requestUrl: path,
      status: '%RESPONSE_CODE%',
      requestSize: '%BYTES_RECEIVED%',
      responseSize: '%BYTES_SENT%',
      protocol: '%PROTOCOL%',
      userAgent: '%REQ(USER-AGENT)%',
    },
    grpcPath: '%REQ(:PATH)%',
    durationMs: '%DURATION%',
    upstream: '%UPSTREAM_CLUSTER%',
    flags: '%RESPONSE_FLAGS%',
    details: '%RESPONSE_CODE_DETAILS%',
    // Why TLS failed stands nowhere else.
    transportFailure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
    requestId: '%REQ(X-REQUEST-ID)%',
    // Cloud Logging shows the line beside the trace of this name.
    ...(otelCollector !== undefined && { 'logging.googleapis.com/trace': `projects/${project}/traces/%TRACE_ID%` }),
  };
}

function httpStatus(op: 'LE' | 'GE', status: number): Json {
  return {
    status_code_filter: { comparison: { op, value: { default_value: status, runtime_key: `access_log.${op.toLowerCase()}_${status}` } } },
  };
}
