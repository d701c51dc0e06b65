import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PaymentStatusReported_Status as Status } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { type CustomerWorld, placed, startCustomerWorld } from './tests/customer-world.ts';

let world: CustomerWorld;
beforeAll(async () => {
  world = await startCustomerWorld();
});
afterAll(() => world?.close());

const none = 'orders/none';
const payment = (order: string, reported: Status) =>
  ({ case: 'paymentStatusReported', value: { provider: 'yamapay', payment: 'pi_x', order, sequence: 2n, status: reported } }) as const;
const refused = { code: status.FAILED_PRECONDITION, reason: 'EVENT_REFUSED' };

test.each([
  ['a payment', 'payments/yamapay/pi_x', payment(none, Status.AUTHORIZED)],
  ['a delivery', none, { case: 'orderDelivered', value: {} }],
] as const)('%s of an order that does not exist is refused, and not taken for known when it comes again', async (_, aggregate, payload) => {
  const id = randomUUID();
  for (const _attempt of [1, 2]) {
    const answer = world.apply(aggregate, 2, payload, id);
    await expect(answer).rejects.toMatchObject({ ...refused, metadata: { event: id } });
    await expect(answer).rejects.toThrow('there is no orders/none');
  }
  expect(await world.rows('SELECT event_id FROM customer.inbox WHERE event_id = $1', [id])).toEqual([]);
});

test.each([Status.UNSPECIFIED, 9 as Status])('a payment status that is not known is refused: %s', async (reported) => {
  const deal = await world.deal(`deal-${reported}`);
  const { order } = placed(await (await world.customer(`c-${reported}`)).openGroup({ deal, requestId: randomUUID() }));
  await expect(world.apply('payments/yamapay/pi_x', 2, payment(order.name, reported))).rejects.toMatchObject(refused);
});

test('a kind that the service has no use for is refused, since whoever sent it here meant it', async () => {
  await expect(world.apply('orders/x', 1, { case: 'orderShipped', value: {} })).rejects.toMatchObject(refused);
});
