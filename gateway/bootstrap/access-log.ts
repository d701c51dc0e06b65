import type { GatewayEnvironment } from './environment.ts';
import { any, type JsonObject } from './json.ts';

/** One JSON line on stdout for each request, as Cloud Logging reads it. No tokens, no bodies, no client addresses. */
export function accessLogs({ project }: GatewayEnvironment): JsonObject[] {
  return [log(project, 'INFO', 'LE', 499), log(project, 'ERROR', 'GE', 500)];
}

function log(project: string, severity: string, op: 'LE' | 'GE', status: number): JsonObject {
  return {
    name: 'envoy.access_loggers.stdout',
    filter: {
      status_code_filter: { comparison: { op, value: { default_value: status, runtime_key: `access_log.${severity.toLowerCase()}` } } },
    },
    typed_config: any('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
      log_format: {
        json_format: {
          severity,
          time: '%START_TIME%',
          message: '%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %RESPONSE_CODE%',
          httpRequest: {
            requestMethod: '%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)%',
            requestUrl: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
            status: '%RESPONSE_CODE%',
            requestSize: '%BYTES_RECEIVED%',
            responseSize: '%BYTES_SENT%',
            protocol: '%PROTOCOL%',
            userAgent: '%REQ(USER-AGENT)%',
          },
          grpcPath: '%REQ(:PATH)%',
          grpcStatus: '%GRPC_STATUS%',
          durationMs: '%DURATION%',
          upstream: '%UPSTREAM_CLUSTER%',
          flags: '%RESPONSE_FLAGS%',
          details: '%RESPONSE_CODE_DETAILS%',
          requestId: '%REQ(X-REQUEST-ID)%',
          // Cloud Logging shows the line beside the trace of this name.
          'logging.googleapis.com/trace': `projects/${project}/traces/%TRACE_ID%`,
        },
      },
    }),
  };
}
