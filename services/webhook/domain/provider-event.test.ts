import { describe, expect, test } from 'vitest';
import {
  PaymentStatusReported_Status as PaymentStatus,
  ShipmentStatusReported_Status as ShipmentStatus,
} from '../../contracts/gen/types/kumiko/event/v1/event_pb.js';
import { readPaymentEvent, readShipmentEvent } from './provider-event.ts';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const intent = { id: 'pi_1', reference: 'orders/o1', sequence: 2, status: 'authorized' };
const payment = (type: string, data: unknown = { intent }) => readPaymentEvent('yamapay', bytes({ id: 'evt_1', type, data }));

describe('a payment event', () => {
  test.each([
    ['payment.authorized', PaymentStatus.AUTHORIZED],
    ['payment.declined', PaymentStatus.DECLINED],
    ['payment.captured', PaymentStatus.CAPTURED],
    ['payment.voided', PaymentStatus.VOIDED],
    ['payment.refunded', PaymentStatus.REFUNDED],
  ])('%s tells the status', (type, status) => {
    expect(payment(type)).toEqual({
      id: 'evt_1',
      type,
      told: {
        aggregate: 'payments/yamapay/pi_1',
        sequence: 2,
        payload: {
          case: 'paymentStatusReported',
          value: { provider: 'yamapay', payment: 'pi_1', order: 'orders/o1', status, sequence: 2n },
        },
      },
    });
  });

  test.each([
    ['of an unknown type', payment('payment.disputed')],
    ['of a type that is only in the prototype', payment('constructor')],
    ['of an order that is not ours', payment('payment.captured', { intent: { ...intent, reference: 'invoice 7' } })],
    ['without a sequence', payment('payment.captured', { intent: { ...intent, sequence: undefined } })],
    ['whose id is too long for an aggregate', payment('payment.captured', { intent: { ...intent, id: 'p'.repeat(65) } })],
  ])('%s tells nothing', (_, event) => {
    expect(event).toMatchObject({ id: 'evt_1', told: undefined });
  });

  test.each(['', 'not json', '[]', '{}', '{"id":"","type":"x"}', '{"id":7,"type":"x"}', 'null'])('is not: %s', (body) => {
    expect(readPaymentEvent('yamapay', bytes(body))).toBeUndefined();
  });

  test('is not what is no UTF-8', () => {
    expect(readPaymentEvent('yamapay', Buffer.from([0x7b, 0xff, 0x7d]))).toBeUndefined();
  });
});

test.each([
  ['shipment.in_transit', ShipmentStatus.IN_TRANSIT],
  ['shipment.delivered', ShipmentStatus.DELIVERED],
])('a shipment event %s tells the status', (type, status) => {
  const event = readShipmentEvent('hayabusa', bytes({ id: 'evt_2', type, data: { tracking_number: 'SW1', sequence: 3 } }));
  expect(event?.told).toEqual({
    aggregate: 'shipments/hayabusa/SW1',
    sequence: 3,
    payload: { case: 'shipmentStatusReported', value: { carrier: 'hayabusa', trackingNumber: 'SW1', status } },
  });
});
