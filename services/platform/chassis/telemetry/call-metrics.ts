import type { status } from '@grpc/grpc-js';
import { histogramOf, instruments } from '../../contracts/instruments.ts';
import type { ServedMethod } from '../server/served-method.ts';
import { callAttributes } from './call-attributes.ts';

/** Says how a call of a method has ended. */
type RecordCall = (code: status, durationMs: number) => void;

/**
 * Rate, errors and duration of every method, sampled or not (https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/#metric-rpcservercallduration). To be
 * called when the SDK has been started: the API's meters do not change to one that comes later.
 */
export function callMetrics(): (method: ServedMethod) => RecordCall {
  const duration = histogramOf(instruments.callDuration);
  return ({ fullName }) => {
    const attributesOf = callAttributes(fullName);
    return (code, durationMs) => duration.record(durationMs / 1_000, attributesOf(code));
  };
}
