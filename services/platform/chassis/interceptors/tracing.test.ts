import { Metadata, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { activeTraceparent } from '../../contracts/traceparent.ts';
import { LibraryService } from '../../testing/fixture/gen/types/sample/library/v1/library_pb.js';
import { recordSpans, type SpanRecorder } from '../../testing/span-recorder.ts';
import { stub } from '../../testing/test-service.ts';
import { bind } from '../server/bind.ts';
import { type Outcome, servedMethods } from '../server/served-method.ts';
import { ServerCall } from '../server/server-call.ts';
import { tracing } from './tracing.ts';

let recorder: SpanRecorder;
beforeAll(() => {
  recorder = recordSpans();
});
beforeEach(() => recorder.reset());
afterAll(() => recorder.close());

const desc = LibraryService.method.getBook;
const method = servedMethods(bind(LibraryService, stub(LibraryService, {}))).find((served) => served.desc === desc)!;
const ok: Outcome = { code: status.OK, message: 'OK' };
const trace = '0af7651916cd43dd8448eb211c80319c';

/** What a call says of its trace: inside, and in its answer's headers. */
async function traced(dropsWithParent: boolean, flags: '00' | '01') {
  const metadata = new Metadata();
  metadata.set('traceparent', `00-${trace}-b7ad6b7169203331-${flags}`);
  const incoming = {
    metadata,
    body: Buffer.alloc(0),
    messages: undefined,
    receivedAt: Date.now(),
    clientDeadline: Number.POSITIVE_INFINITY,
    write: async () => {},
  };
  const call = new ServerCall(desc, incoming, { logger: pino({ enabled: false }), project: 'p' });
  let inside: string | undefined;
  const telemetry = { dropsWithParent, flushWhenDue: () => undefined, shutdown: async () => {} };
  const next = async () => {
    inside = activeTraceparent();
    return ok;
  };
  expect(await tracing(telemetry)(next, method)(call)).toBe(ok);
  return { inside, answered: call.answerHeaders?.get('traceparent')[0], spanContext: call.spanContext };
}

test.each([
  [true, 'made without the SDK'],
  [false, 'dropped by the sampler'],
])('a call of a trace that is not kept leaves no span, and has an id in it all the same (%s: %s)', async (dropsWithParent) => {
  const [first, second] = [await traced(dropsWithParent, '00'), await traced(dropsWithParent, '00')];
  expect(first.inside).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`));
  expect(first.answered).toBe(first.inside);
  expect(first.spanContext).toMatchObject({ traceId: trace, traceFlags: 0 });
  expect(first.spanContext?.spanId).not.toBe('b7ad6b7169203331');
  expect(first.spanContext?.spanId).not.toBe(second.spanContext?.spanId);
  expect(recorder.spans()).toEqual([]);
});

test.each([true, false])('a call of a trace that is kept leaves its span (%s)', async (dropsWithParent) => {
  const { inside, spanContext } = await traced(dropsWithParent, '01');
  const [span, ...others] = recorder.spans();
  expect(others).toEqual([]);
  expect(span?.spanContext()).toMatchObject({ traceId: trace, spanId: spanContext?.spanId });
  expect(inside).toBe(`00-${trace}-${spanContext?.spanId}-01`);
  expect(span?.attributes).toEqual({
    'rpc.system.name': 'grpc',
    'rpc.method': 'sample.library.v1.LibraryService/GetBook',
    'rpc.response.status_code': 'OK',
  });
});
