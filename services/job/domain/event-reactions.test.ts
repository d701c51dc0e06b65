import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import { EventSchema } from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { receiverOf, tasksOf } from './event-reactions.ts';

type Payload = NonNullable<MessageInitShape<typeof EventSchema>['payload']>;
const at = new Date('2026-01-02T12:00:00Z');
const time = timestampFromDate(at);
const event = (payload: Payload, aggregate = 'orders/o1') => create(EventSchema, { id: 'e', aggregate, version: 1n, payload });

/** Every kind of event, with who takes it in and which tasks it asks for: method, resource, time. */
const reactions: readonly [Payload, string | undefined, readonly [string, string, Date | undefined][], string?][] = [
  [{ case: 'dealPublished', value: {} }, 'customer', []],
  [{ case: 'dealClosed', value: {} }, 'customer', []],
  [{ case: 'groupOpened', value: { expireTime: time } }, undefined, [['ExpireGroup', 'groups/g1', at]], 'groups/g1'],
  [
    { case: 'groupCompleted', value: { orders: ['orders/o1', 'orders/o2'] } },
    undefined,
    [
      ['CapturePayment', 'orders/o1', undefined],
      ['CapturePayment', 'orders/o2', undefined],
    ],
  ],
  // Each of its orders asks for its own void.
  [{ case: 'groupExpired', value: { orders: ['orders/o1'] } }, undefined, []],
  [{ case: 'orderPlaced', value: { holdExpireTime: time } }, undefined, [['ReleaseHold', 'orders/o1', at]]],
  [{ case: 'orderConfirmed', value: {} }, 'partner', []],
  [{ case: 'orderCancelled', value: {} }, 'partner', []],
  [{ case: 'paymentVoidRequested', value: {} }, undefined, [['VoidPayment', 'orders/o1', undefined]]],
  [{ case: 'paymentRefundRequested', value: {} }, undefined, [['RefundPayment', 'orders/o1', undefined]]],
  [{ case: 'paymentSettled', value: {} }, undefined, []],
  [{ case: 'paymentStatusReported', value: {} }, 'customer', []],
  [{ case: 'shipmentStatusReported', value: {} }, 'partner', []],
  [{ case: 'orderShipped', value: {} }, undefined, []],
  [{ case: 'orderDelivered', value: {} }, 'customer', []],
];

describe('an event', () => {
  test.each(reactions)('%o goes to its owner and becomes its tasks', (payload, owner, tasks, aggregate) => {
    const given = event(payload, aggregate);
    expect(receiverOf(given)).toBe(owner);
    const asked = tasksOf(given).map(({ method, request, at }) => [method.name, Object.values(request)[0], at]);
    expect(asked).toEqual(tasks);
    for (const { id } of tasksOf(given)) expect(id).toMatch(/^(orders|groups)-[a-z0-9]+$/);
  });

  test('of every kind is in the list above', () => {
    const kinds = EventSchema.oneofs[0]?.fields.map(({ localName }) => localName);
    expect(reactions.map(([{ case: kind }]) => kind)).toEqual(kinds);
  });

  test('of a kind that is not known yet concerns nobody', () => {
    const unknown = create(EventSchema, { id: 'e', aggregate: 'x/1', version: 1n });
    expect([receiverOf(unknown), tasksOf(unknown)]).toEqual([undefined, []]);
  });
});
