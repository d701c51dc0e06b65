import { describe, expect, test } from 'vitest';
import {
  PaymentStatusReported_Status as PaymentStatus,
  ShipmentStatusReported_Status as ShipmentStatus,
} from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { NotAnEvent, readProviderEvent } from './provider-event.ts';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const intent = { id: 'pi_1', reference: 'orders/o1', sequence: 2, status: 'authorized' };
const read = (body: unknown) => readProviderEvent('payment', 'yamapay', bytes(body));
const payment = (type: string, data: unknown = { intent }) => read({ id: 'evt_1', type, data });
const shipment = (type: string, data: unknown) => readProviderEvent('shipment', 'hayabusa', bytes({ id: 'evt_2', type, data }));

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
      refusal: undefined,
      told: {
        aggregate: 'payments/yamapay/pi_1',
        subject: 'orders/o1',
        sequence: 2n,
        traceparent: undefined,
        payload: {
          case: 'paymentStatusReported',
          value: { provider: 'yamapay', payment: 'pi_1', order: 'orders/o1', status, sequence: 2n },
        },
      },
    });
  });

  test.each(['2', '"2"', '2.0', '"2.0"', '2e0', '20e-1'])('tells the same where its sequence is written as %s', (form) => {
    const body = JSON.stringify({ id: 'evt_1', type: 'payment.captured', data: { intent } }).replace('"sequence":2', `"sequence":${form}`);
    expect(read(body)).toEqual(payment('payment.captured'));
  });

  test('tells the same where its ids are written as numbers', () => {
    const numbers =
      '{"id":10,"type":"payment.captured","data":{"intent":{"id":12345678901234567890,"reference":"orders/o1","sequence":2}}}';
    expect(read(numbers)).toMatchObject({ id: '10', told: { aggregate: 'payments/yamapay/12345678901234567890' } });
  });

  test('tells a sequence to its last digit', () => {
    const body = JSON.stringify({ id: 'e', type: 'payment.captured', data: { intent } }).replace(':2,', ':9007199254740993,');
    expect(read(body).told?.sequence).toBe(9_007_199_254_740_993n);
  });

  test.each([
    ['of an unknown type', payment('payment.disputed')],
    ['of a type that is only in the prototype', payment('constructor')],
  ])('%s tells nothing', (_, event) => {
    expect(event).toMatchObject({ id: 'evt_1', told: undefined, refusal: undefined });
  });

  test.each<[string, unknown, string]>([
    ['of an order that is not ours', { ...intent, reference: 'invoice 7' }, 'data.intent.reference must name an order'],
    ['without a sequence', { ...intent, sequence: undefined }, 'data.intent.sequence must be a whole number'],
    ['whose sequence is none', { ...intent, sequence: 'secret' }, 'data.intent.sequence must be a whole number'],
    ['whose sequence is below one', { ...intent, sequence: 0 }, 'data.intent.sequence must be above zero'],
    ['whose sequence is no int64', { ...intent, sequence: '9223372036854775808' }, 'data.intent.sequence must be a whole number'],
    ['whose id is too long for an aggregate', { ...intent, id: 'p'.repeat(65) }, 'data.intent.id must have 1 to 64 characters'],
    ['whose id has U+0000', { ...intent, id: 'p\0' }, 'data.intent.id must not contain U+0000 or half a surrogate pair'],
    ['whose id has half a character', { ...intent, id: '\ud800' }, 'data.intent.id must not contain U+0000 or half a surrogate pair'],
  ])('of a type that we know is refused: %s', (_, given, refusal) => {
    expect(payment('payment.captured', { intent: given })).toEqual({
      id: 'evt_1',
      type: 'payment.captured',
      told: undefined,
      refusal,
    });
  });

  test.each([undefined, null, [], {}, { intent: null }, 'x'])('of a type that we know is refused where its data is %j', (data) => {
    expect(payment('payment.captured', data ?? null)).toMatchObject({ told: undefined, refusal: expect.stringContaining('data') });
  });

  test('counts whatever its metadata is', () => {
    for (const metadata of [null, 'x', {}, { traceparent: 7 }, { traceparent: '\0' }]) {
      expect(payment('payment.captured', { intent: { ...intent, metadata } }).told?.aggregate).toBe('payments/yamapay/pi_1');
    }
  });

  test.each<[string, string]>([
    ['', 'the body must be JSON in UTF-8'],
    ['not json', 'the body must be JSON in UTF-8'],
    ['[]', 'object'],
    ['null', 'object'],
    ['{}', 'id must be a text'],
    ['{"type":"payment.captured"}', 'id must be a text'],
    ['{"id":"","type":"x"}', 'id must have 1 to 128 characters'],
    ['{"id":"a\\u0000","type":"payment.captured"}', 'id must not contain U+0000'],
    ['{"id":"\\ud800","type":"payment.captured"}', 'id must not contain U+0000'],
    ['{"id":"a","type":"x\\u0000"}', 'type must not contain U+0000'],
    [`{"id":"${'a'.repeat(129)}","type":"x"}`, 'id must have 1 to 128 characters'],
  ])('is not: %s', (body, fault) => {
    expect(() => read(body)).toThrow(NotAnEvent);
    expect(() => read(body)).toThrow(fault);
  });

  test('is not what is no UTF-8', () => {
    expect(() => readProviderEvent('payment', 'yamapay', Buffer.from([0x7b, 0xff, 0x7d]))).toThrow(NotAnEvent);
  });
});

describe('a shipment event', () => {
  test.each([
    ['shipment.in_transit', ShipmentStatus.IN_TRANSIT],
    ['shipment.delivered', ShipmentStatus.DELIVERED],
  ])('%s tells the status', (type, status) => {
    expect(shipment(type, { tracking_number: 'SW1', sequence: 3 }).told).toEqual({
      aggregate: 'shipments/hayabusa/SW1',
      subject: 'shipments/hayabusa/SW1',
      sequence: 3n,
      payload: { case: 'shipmentStatusReported', value: { carrier: 'hayabusa', trackingNumber: 'SW1', status } },
    });
  });

  test.each([
    { tracking_number: '123', sequence: '3' },
    { tracking_number: 123, sequence: 3 },
    { trackingNumber: '123', sequence: '3.0' },
  ])('tells the same in the form %j', (data) => {
    expect(shipment('shipment.delivered', data)).toEqual(shipment('shipment.delivered', { tracking_number: '123', sequence: 3 }));
  });

  test('of a type that we know is refused with its fields at fault', () => {
    expect(shipment('shipment.delivered', { tracking_number: 'a b', sequence: 0 }).refusal).toBe(
      'data.tracking_number must be a tracking number; data.sequence must be above zero',
    );
  });
});
