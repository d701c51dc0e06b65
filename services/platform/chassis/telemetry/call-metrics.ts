import { status } from '@grpc/grpc-js';
import { type Attributes, metrics } from '@opentelemetry/api';
import type { ServedMethod } from '../server/served-method.ts';

/** Says how a call of a method has ended. */
type RecordCall = (code: status, durationMs: number) => void;

/** The codes that are the server's fault (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/). */
const serverFaults = new Set<status>([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

export function isServerFault(code: status): boolean {
  return serverFaults.has(code);
}

/** In seconds, as the conventions say. */
const boundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/**
 * Rate, errors and duration of every method, sampled or not (https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/#metric-rpcservercallduration). To be
 * called when the SDK has been started: the API's meters do not change to one that comes later.
 */
export function callMetrics(): (method: ServedMethod) => RecordCall {
  const duration = metrics.getMeter('kumiko').createHistogram('rpc.server.call.duration', {
    description: 'Measures the duration of an incoming Remote Procedure Call (RPC).',
    unit: 's',
    advice: { explicitBucketBoundaries: boundaries },
  });
  return ({ fullName }) => {
    const byCode: Attributes[] = [];
    return (code, durationMs) => {
      byCode[code] ??= {
        'rpc.system.name': 'grpc',
        'rpc.method': fullName,
        'rpc.response.status_code': status[code],
        ...(isServerFault(code) && { 'error.type': status[code] }),
      };
      duration.record(durationMs / 1_000, byCode[code]);
    };
  };
}
