import { create } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type ServiceError, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { errorTrailers } from '../platform/chassis/errors/error-trailers.ts';
import { eventRefused } from '../platform/chassis/errors/rpc-error.ts';
import type { Call } from '../platform/chassis/server/call.ts';
import { ClientError } from '../platform/contracts/client-error.ts';
import { EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { tellOwner } from './owners.ts';
import { answered } from './tests/fake-owners.ts';

const event = create(EventSchema, {
  id: 'e1',
  aggregate: 'orders/none',
  version: 2n,
  occurredAt: timestampFromDate(new Date('2026-01-02T12:00:00Z')),
  payload: { case: 'orderDelivered', value: {} },
});

/** What the job service answers and logs where the owner answers so. */
async function told(answer: ClientError): Promise<{ error: unknown; lines: Record<string, unknown>[] }> {
  const lines: Record<string, unknown>[] = [];
  const logger = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });
  const error = await tellOwner({ logger } as Call, event, () => Promise.reject(answer)).catch((thrown: unknown) => thrown);
  return { error, lines };
}

/** A refusal as it comes over the wire. */
function refusal(): ClientError {
  const refused = eventRefused('e1', 'there is no orders/none');
  const error: ServiceError = Object.assign(new Error(), {
    code: refused.code,
    details: refused.message,
    metadata: errorTrailers(refused, () => undefined),
  });
  return new ClientError(error);
}

test('an event that its owner refuses is refused, with a line for the operator that says which and why', async () => {
  const { error, lines } = await told(refusal());
  expect(error).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'EVENT_REFUSED', metadata: { event: 'e1' } });
  expect(lines).toMatchObject([
    {
      level: 50,
      msg: 'event refused by its owner',
      event: 'e1',
      type: 'orderDelivered',
      aggregate: 'orders/none',
      refusal: expect.stringContaining('there is no orders/none'),
    },
  ]);
});

test.each([status.NOT_FOUND, status.FAILED_PRECONDITION, status.UNAUTHENTICATED, status.UNIMPLEMENTED])(
  'an event is to be repeated where its owner answers without that reason: %s',
  async (code) => {
    const { error, lines } = await told(answered(code, 'inside'));
    expect(error).toMatchObject({ code: status.UNAVAILABLE, message: expect.not.stringContaining('inside') });
    expect(lines).toEqual([]);
  },
);
