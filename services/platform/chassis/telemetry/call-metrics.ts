import { status } from '@grpc/grpc-js';
import type { Attributes } from '@opentelemetry/api';
import { histogramOf, instruments } from '../../contracts/instruments.ts';
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

/**
 * Rate, errors and duration of every method, sampled or not (https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/#metric-rpcservercallduration). To be
 * called when the SDK has been started: the API's meters do not change to one that comes later.
 */
export function callMetrics(): (method: ServedMethod) => RecordCall {
  const duration = histogramOf(instruments.callDuration);
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
