import { status } from '@grpc/grpc-js';
import type { Attributes } from '@opentelemetry/api';

/** The codes that are the server's fault (https://opentelemetry.io/docs/specs/semconv/rpc/grpc/). */
const serverFaults = new Set<status>([
  status.UNKNOWN,
  status.DEADLINE_EXCEEDED,
  status.UNIMPLEMENTED,
  status.INTERNAL,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Whether a call that ended so counts as an error of the service that was called. */
export function isServerFault(code: status): boolean {
  return serverFaults.has(code);
}

/** What the span and the measurement of a method's calls have in common, by how a call ended: whoever sees one finds the other by it. `fullName` is with the service. */
export function callAttributes(fullName: string): (code: status) => Attributes {
  const byCode: Attributes[] = [];
  return (code) => {
    byCode[code] ??= {
      'rpc.system.name': 'grpc',
      'rpc.method': fullName,
      'rpc.response.status_code': status[code],
      ...(isServerFault(code) && { 'error.type': status[code] }),
    };
    return byCode[code];
  };
}
