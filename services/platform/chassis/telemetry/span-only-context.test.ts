import { createContextKey, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { SpanOnlyContext } from './span-only-context.ts';

const span = trace.wrapSpanContext({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 });
const other = trace.wrapSpanContext({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: '00f067aa0ba902b7', traceFlags: 1 });
const key = createContextKey('a value');

test('the API finds the span in it', () => {
  expect(trace.getSpan(new SpanOnlyContext(span))).toBe(span);
  expect(new SpanOnlyContext(span).getValue(key)).toBeUndefined();
});

test('a further value stands beside the span', () => {
  const context = new SpanOnlyContext(span).setValue(key, 'here');
  expect(context.getValue(key)).toBe('here');
  expect(trace.getSpan(context)).toBe(span);
});

test('another span takes its place', () => {
  expect(trace.getSpan(trace.setSpan(new SpanOnlyContext(span), other))).toBe(other);
});

test('without the span nothing is left', () => {
  expect(trace.deleteSpan(new SpanOnlyContext(span))).toBe(ROOT_CONTEXT);
  expect(trace.getSpan(new SpanOnlyContext(span).deleteValue(key))).toBe(span);
});
