import { createTraceState, type Link, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { otlpRequest } from './otlp-spans.ts';

// Names and numbers of opentelemetry/proto/trace/v1/trace.proto, common/v1/common.proto and collector/trace/v1/trace_service.proto.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message Scope { string name = 1; string version = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start = 7; fixed64 end = 8; repeated KeyValue attributes = 9; uint32 dropped_attributes = 10; repeated Event events = 11;
    uint32 dropped_events = 12; repeated Link links = 13; uint32 dropped_links = 14; Status status = 15; fixed32 flags = 16;
  }
  message Event { fixed64 time = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes = 4; }
  message Link {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4; uint32 dropped_attributes = 5;
    fixed32 flags = 6;
  }
  message Status { string message = 2; int32 code = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue {
    oneof value { string text = 1; bool truth = 2; int64 whole = 3; double real = 4; ArrayValue list = 5; }
  }
  message ArrayValue { repeated AnyValue values = 1; }
`);

/** A request as a collector reads it. An empty status is none. */
function read(bytes: Uint8Array): unknown {
  const type = root.lookupType('Request');
  const options = { longs: String, bytes: String, arrays: true, defaults: true };
  return JSON.parse(
    JSON.stringify(type.toObject(type.decode(bytes), options), (key, value) =>
      key === 'status' && value?.code === 0 && value.message === '' ? null : value,
    ),
  );
}

const resource = resourceFromAttributes({ 'service.name': 'customer' });
const scope = { name: 'kumiko' };
const traceId = '0af7651916cd43dd8448eb211c80319c';

function span(said: Partial<ReadableSpan>): ReadableSpan {
  return {
    name: 'GetOrder',
    kind: SpanKind.SERVER,
    spanContext: () => ({ traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 }),
    startTime: [1_700_000_000, 123_456_000],
    endTime: [1_700_000_001, 999_999_000],
    duration: [1, 876_543_000],
    status: { code: SpanStatusCode.UNSET },
    attributes: {},
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    ...said,
  };
}

const link: Link = {
  context: { traceId, spanId: '00f067aa0ba902b7', traceFlags: 0, isRemote: true, traceState: createTraceState('a=1') },
  attributes: { why: 'delivery' },
};

test.each<[string, ReadableSpan[]]>([
  ['a span of which little is said', [span({})]],
  ['a parent of another process', [span({ parentSpanContext: { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1, isRemote: true } })]],
  ['a parent of this process', [span({ parentSpanContext: { traceId, spanId: '00f067aa0ba902b7', traceFlags: 1 } })]],
  ['a trace state', [span({ spanContext: () => ({ ...link.context, spanId: 'b7ad6b7169203331' }) })]],
  ['an error', [span({ status: { code: SpanStatusCode.ERROR, message: 'lost' } })]],
  [
    'attributes of every type',
    [
      span({
        attributes: {
          text: 'Größe',
          yes: true,
          no: false,
          whole: -5,
          real: 0.5,

          list: ['a', null, 'b'],
          numbers: [1, 2.5],
        },
      }),
    ],
  ],
  [
    'frozen attributes, which spans share',
    [span({ attributes: Object.freeze({ code: 0 }) }), span({ attributes: Object.freeze({ code: 5 }) })].flatMap((one) => [one, one]),
  ],
  ['events', [span({ events: [{ name: 'retry', time: [1_700_000_000, 5], attributes: { attempt: 2 } }], droppedEventsCount: 3 })]],
  ['links', [span({ links: [link, { context: { traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 } }] })]],
  ['scopes', [span({}), span({ instrumentationScope: { name: 'other', version: '2' } }), span({ name: 'third' })]],
  ['a name longer than a length of one byte', [span({ name: 'n'.repeat(20_000) })]],
])("%s: read as what OpenTelemetry's own serialiser writes", (_, spans) => {
  const ours = read(otlpRequest(spans));
  expect(JSON.stringify(ours)).toContain(spans[0]!.name);
  expect(ours).toEqual(read(ProtobufTraceSerializer.serializeRequest(spans)!));
});

test('nothing to send is an empty request', () => {
  expect(otlpRequest([])).toHaveLength(0);
});
