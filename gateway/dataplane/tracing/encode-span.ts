import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Span } from './span.ts';

// Field numbers of opentelemetry/proto/{collector/trace,trace,resource,common}/v1.
const { LengthDelimited, Bit64, Varint } = WireType;
const statusError = 2;

/** A span as an element of ScopeSpans.spans, its tag included, so that spans can be joined without a look into them. */
export function encodeSpan(span: Span): Uint8Array {
  const out = new BinaryWriter().tag(2, LengthDelimited).fork();
  out.tag(1, LengthDelimited).bytes(Buffer.from(span.traceId, 'hex'));
  out.tag(2, LengthDelimited).bytes(Buffer.from(span.id, 'hex'));
  if (span.traceState !== '') out.tag(3, LengthDelimited).string(span.traceState);
  if (span.parentId !== undefined) out.tag(4, LengthDelimited).bytes(Buffer.from(span.parentId, 'hex'));
  out.tag(5, LengthDelimited).string(span.name);
  out.tag(6, Varint).int32(span.kind);
  out.tag(7, Bit64).fixed64(nanoseconds(span.startMs));
  out.tag(8, Bit64).fixed64(nanoseconds(span.endMs));
  for (let i = 0; i < span.tags.length; i += 2) out.tag(9, LengthDelimited).bytes(attribute(span.tags[i]!, span.tags[i + 1]!));
  if (span.failed) out.tag(15, LengthDelimited).fork().tag(3, Varint).int32(statusError).join();
  return out.join().finish();
}

/** An ExportTraceServiceRequest of encoded spans. */
export function encodeExport(serviceName: string, spans: readonly Uint8Array[]): Uint8Array {
  const scopeSpans = Buffer.concat(spans);
  const out = new BinaryWriter().tag(1, LengthDelimited).fork();
  out.tag(1, LengthDelimited).fork().tag(1, LengthDelimited).bytes(attribute('service.name', serviceName)).join();
  out.tag(2, LengthDelimited).bytes(scopeSpans);
  return out.join().finish();
}

/** A KeyValue of a text. Most are the same in span after span. */
function attribute(key: string, value: string): Uint8Array {
  const known = attributes.get(key)?.get(value);
  if (known !== undefined) return known;
  const out = new BinaryWriter().tag(1, LengthDelimited).string(key);
  const encoded = out.tag(2, LengthDelimited).fork().tag(1, LengthDelimited).string(value).join().finish();
  remember(key, value, encoded);
  return encoded;
}

const attributes = new Map<string, Map<string, Uint8Array>>();
/** Values kept of one key: clusters, statuses, methods. Ids are met once, and are not worth more. */
const keptValues = 32;

function remember(key: string, value: string, encoded: Uint8Array): void {
  let values = attributes.get(key);
  if (values === undefined) {
    values = new Map();
    attributes.set(key, values);
  }
  if (values.size < keptValues) values.set(value, encoded);
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1_000)) * 1_000n;
}
