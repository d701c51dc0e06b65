import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { type Span, spanKinds } from './span.ts';

const source = readFileSync(join(import.meta.dirname, 'otlp.proto'), 'utf8');
const request = protobuf.parse(source).root.lookupType('otlp.ExportTraceServiceRequest');

/** Reads an OTLP trace request in the binary format. @throws where it is none. */
export function readOtlp(body: Uint8Array): Span[] {
  const options = { longs: String, defaults: true, arrays: true };
  const { resourceSpans } = request.toObject(request.decode(body), options) as { resourceSpans: ResourceSpans[] };
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource?.attributes ?? [])['service.name'] ?? 'unknown');
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => spanOf(service, span)));
  });
}

interface ResourceSpans {
  readonly resource: { readonly attributes: KeyValue[] } | null;
  readonly scopeSpans: { readonly spans: OtlpSpan[] }[];
}

interface OtlpSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentSpanId: Uint8Array;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: KeyValue[];
  readonly links: { readonly traceId: Uint8Array }[];
  readonly status: { readonly code: number } | null;
}

interface KeyValue {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly boolValue?: boolean;
    readonly intValue?: string;
    readonly doubleValue?: number;
  } | null;
}

const errorCode = 2;

function spanOf(service: string, span: OtlpSpan): Span {
  const parent = hex(span.parentSpanId);
  return {
    trace: hex(span.traceId),
    id: hex(span.spanId),
    parent: parent === '' ? undefined : parent,
    service,
    name: span.name,
    kind: spanKinds[span.kind] ?? 'unspecified',
    startUs: microseconds(span.startTimeUnixNano),
    endUs: microseconds(span.endTimeUnixNano),
    failed: span.status?.code === errorCode,
    attributes: attributesOf(span.attributes),
    links: span.links.map(({ traceId }) => hex(traceId)),
  };
}

function attributesOf(pairs: readonly KeyValue[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [key, value?.stringValue ?? value?.boolValue ?? value?.doubleValue ?? Number(value?.intValue ?? 0)]),
  );
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function microseconds(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1_000n);
}
