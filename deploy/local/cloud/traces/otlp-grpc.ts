import type { ServiceDefinition } from '@grpc/grpc-js';
import { invalidArgument } from '../google-api/api-error.ts';
import { serveGrpc, unary } from '../google-api/grpc-server.ts';
import { readOtlp } from './read-otlp.ts';
import type { Span } from './span.ts';

const nothing = Buffer.alloc(0);
const bytes = (message: Buffer) => message;

const service: ServiceDefinition = {
  Export: {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    // An ExportTraceServiceResponse without fields has no bytes.
    responseSerialize: () => nothing,
    responseDeserialize: () => ({}),
  },
};

/** Takes spans by OTLP over gRPC, as gateways send them. */
export function serveOtlpGrpc(port: number, take: (spans: readonly Span[]) => void): Promise<{ port: number; close(): void }> {
  const exported = unary((request: Buffer) => {
    let spans: Span[];
    try {
      spans = readOtlp(request);
    } catch {
      throw invalidArgument('This is no ExportTraceServiceRequest.');
    }
    take(spans);
    return {};
  });
  return serveGrpc(port, [[service, { Export: exported }]]);
}
