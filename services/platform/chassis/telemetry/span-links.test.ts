import { TraceFlags, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { linkWith } from '../../contracts/in-span.ts';
import { recordSpans, type SpanRecorder } from '../../testing/span-recorder.ts';

let recorder: SpanRecorder;
beforeAll(() => {
  recorder = recordSpans();
});
afterAll(() => recorder.close());

const traceparent = (index: number) => `00-${(index + 1).toString(16).padStart(32, '0')}-b7ad6b7169203331-01`;

test('the span of a sweep keeps a bounded number of links, and how many it has dropped', () => {
  trace.getTracer('kumiko').startActiveSpan('sweep', (span) => {
    for (let order = 0; order < 10_000; order += 1) linkWith(traceparent(order));
    span.end();
  });
  const [swept] = recorder.spans();
  expect(swept).toMatchObject({ links: { length: 128 }, droppedLinksCount: 9_872 });
  expect(swept?.links.at(-1)?.context).toMatchObject({ traceId: (10_000).toString(16).padStart(32, '0'), traceFlags: TraceFlags.SAMPLED });
});
