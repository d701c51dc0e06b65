import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Attributes, AttributeValue, HrTime, Link, SpanStatus } from '@opentelemetry/api';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';

const { LengthDelimited: nested, Varint, Bit32, Bit64 } = WireType;

/**
 * Writes spans of one process as an ExportTraceServiceRequest
 * (https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto), in one pass. The exporter's own serialiser takes
 * two, and with them most of what tracing costs a call.
 */
export function otlpRequest(spans: readonly ReadableSpan[]): Uint8Array {
  const writer = new BinaryWriter();
  const [first] = spans;
  if (first === undefined) return writer.finish();
  writer.tag(1, nested).fork();
  writer.tag(1, nested).fork();
  writeAttributes(writer, 1, first.resource.attributes as Attributes);
  writer.join();
  for (const [scope, ofScope] of Map.groupBy(spans, (span) => span.instrumentationScope)) {
    writer.tag(2, nested).fork();
    writer.tag(1, nested).fork();
    writer.tag(1, nested).string(scope.name);
    if (scope.version !== undefined) writer.tag(2, nested).string(scope.version);
    writer.join();
    for (const span of ofScope) writeSpan(writer, span);
    writer.join();
  }
  return writer.join().finish();
}

function writeSpan(writer: BinaryWriter, span: ReadableSpan): void {
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  const parent = span.parentSpanContext;
  writer.tag(2, nested).fork();
  writeId(writer, 1, traceId);
  writeId(writer, 2, spanId);
  if (traceState !== undefined) writer.tag(3, nested).string(traceState.serialize());
  if (parent !== undefined) writeId(writer, 4, parent.spanId);
  writer.tag(5, nested).string(span.name);
  // The protocol's 0 stands for a kind that nobody has told.
  writer.tag(6, Varint).uint32(span.kind + 1);
  writeTime(writer, 7, span.startTime);
  writeTime(writer, 8, span.endTime);
  writeAttributes(writer, 9, span.attributes);
  for (const event of span.events) writeEvent(writer, event);
  if (span.droppedEventsCount > 0) writer.tag(12, Varint).uint32(span.droppedEventsCount);
  for (const link of span.links) writeLink(writer, link);
  if (span.droppedLinksCount > 0) writer.tag(14, Varint).uint32(span.droppedLinksCount);
  writeStatus(writer, span.status);
  writeFlags(writer, 16, traceFlags, parent?.isRemote);
  writer.join();
}

function writeEvent(writer: BinaryWriter, { time, name, attributes }: TimedEvent): void {
  writer.tag(11, nested).fork();
  writeTime(writer, 1, time);
  writer.tag(2, nested).string(name);
  if (attributes !== undefined) writeAttributes(writer, 3, attributes);
  writer.join();
}

function writeLink(writer: BinaryWriter, { context, attributes }: Link): void {
  writer.tag(13, nested).fork();
  writeId(writer, 1, context.traceId);
  writeId(writer, 2, context.spanId);
  if (context.traceState !== undefined) writer.tag(3, nested).string(context.traceState.serialize());
  if (attributes !== undefined) writeAttributes(writer, 4, attributes);
  writeFlags(writer, 6, context.traceFlags, context.isRemote);
  writer.join();
}

function writeStatus(writer: BinaryWriter, { code, message }: SpanStatus): void {
  if (code === 0) return;
  writer.tag(15, nested).fork();
  if (message !== undefined) writer.tag(2, nested).string(message);
  writer.tag(3, Varint).uint32(code).join();
}

/** SpanFlags: the flags of W3C, that it is known whether the parent is remote, and whether it is. */
function writeFlags(writer: BinaryWriter, field: number, traceFlags: number, remote = false): void {
  writer.tag(field, Bit32).fixed32((traceFlags & 0xff) | 0x100 | (remote ? 0x200 : 0));
}

const traceIdBytes = Buffer.alloc(16);
const spanIdBytes = Buffer.alloc(8);

function writeId(writer: BinaryWriter, field: number, hex: string): void {
  const bytes = hex.length === 32 ? traceIdBytes : spanIdBytes;
  bytes.write(hex, 'hex');
  writer.tag(field, nested).bytes(bytes);
}

function writeTime(writer: BinaryWriter, field: number, [seconds, nanoseconds]: HrTime): void {
  writer.tag(field, Bit64).fixed64(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds));
}

/** By their object: those of calls are few and frozen. */
const written = new WeakMap<Attributes, Uint8Array>();

function writeAttributes(writer: BinaryWriter, field: number, attributes: Attributes): void {
  if (!Object.isFrozen(attributes)) {
    writePairs(writer, field, attributes);
    return;
  }
  let bytes = written.get(attributes);
  if (bytes === undefined) {
    const own = new BinaryWriter();
    writePairs(own, field, attributes);
    bytes = own.finish();
    written.set(attributes, bytes);
  }
  writer.raw(bytes);
}

function writePairs(writer: BinaryWriter, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    writer.tag(field, nested).fork();
    writer.tag(1, nested).string(key);
    writer.tag(2, nested).fork();
    writeValue(writer, value);
    writer.join().join();
  }
}

/** An AnyValue. In an array, null stands for a value that is missing: an AnyValue of nothing. */
function writeValue(writer: BinaryWriter, value: AttributeValue | null | undefined): void {
  if (typeof value === 'string') writer.tag(1, nested).string(value);
  else if (typeof value === 'boolean') writer.tag(2, Varint).bool(value);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) writer.tag(3, Varint).int64(value);
    else writer.tag(4, Bit64).double(value);
  } else if (Array.isArray(value)) {
    writer.tag(5, nested).fork();
    for (const item of value) {
      writer.tag(1, nested).fork();
      writeValue(writer, item);
      writer.join();
    }
    writer.join();
  }
}
