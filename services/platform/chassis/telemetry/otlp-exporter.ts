import { OTLPExporterBase } from '@opentelemetry/otlp-exporter-base';
import { convertLegacyHttpOptions, createOtlpHttpExportDelegate } from '@opentelemetry/otlp-exporter-base/node-http';
import { ProtobufTraceSerializer, TraceExporterMetricsHelper } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { otlpRequest } from './otlp-spans.ts';

const timeoutMillis = 1_000;

/** OpenTelemetry's exporter of spans by OTLP over HTTP in the binary format, with our own writing of the request. */
export function otlpExporter(url: string): SpanExporter {
  const options = convertLegacyHttpOptions({ url, timeoutMillis }, 'TRACES', 'v1/traces', { 'content-type': 'application/x-protobuf' });
  const serializer = {
    serializeRequest: (spans: ReadableSpan[]) => otlpRequest(spans),
    deserializeResponse: ProtobufTraceSerializer.deserializeResponse,
  };
  return new OTLPExporterBase(
    createOtlpHttpExportDelegate(options, serializer, 'otlp_http_span_exporter', TraceExporterMetricsHelper, undefined),
  );
}
