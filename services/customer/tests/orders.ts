import type { Address } from '../../platform/contracts/address.ts';
import type { Change } from '../domain/change.ts';
import type { Deal, Group } from '../domain/group.ts';
import type { Order } from '../domain/order.ts';
import type { PaymentNews, PaymentStatus } from '../domain/order-lifecycle.ts';

/** The time in domain tests. */
export const noon = new Date('2026-01-02T12:00:00Z');

/** A time after noon. */
export function minutesAfter(minutes: number): Date {
  return new Date(noon.getTime() + minutes * 60_000);
}

export const address: Address = {
  regionCode: 'JP',
  languageCode: 'ja',
  postalCode: '150-0001',
  sortingCode: '',
  administrativeArea: 'Tokyo',
  locality: 'Shibuya',
  sublocality: '',
  addressLines: ['1-2-3 Jingumae'],
  recipients: ['Alice'],
  organization: '',
};

export function dealWith(fields: Partial<Deal> = {}): Deal {
  return {
    id: 'lamp',
    partner: 'acme',
    title: 'Lamp',
    description: '',
    priceMicros: 1_200_000_000n,
    currency: 'JPY',
    groupSize: 2,
    groupLifetimeSeconds: 3600,
    stock: 100n,
    reserved: 0n,
    state: 'OPEN',
    version: 1n,
    publishTime: noon,
    updateTime: noon,
    ...fields,
  };
}

export function groupWith(fields: Partial<Group> = {}): Group {
  return {
    id: 'g',
    deal: 'lamp',
    state: 'OPEN',
    size: 2,
    taken: 1,
    authorized: 0,
    expireTime: minutesAfter(60),
    version: 1n,
    updateTime: noon,
    ...fields,
  };
}

export function orderWith(fields: Partial<Order> = {}): Order {
  return {
    id: 'o',
    customer: 'alice',
    group: 'g',
    deal: 'lamp',
    partner: 'acme',
    quantity: 1,
    totalMicros: 1_200_000_000n,
    currency: 'JPY',
    shipTo: address,
    state: 'PENDING_PAYMENT',
    paymentState: 'PENDING',
    cancelReason: undefined,
    paymentId: 'pi_1',
    paymentClientToken: 'ct_1',
    paymentSequence: 1n,
    carrier: undefined,
    trackingNumber: undefined,
    holdExpireTime: minutesAfter(15),
    createTime: noon,
    updateTime: noon,
    version: 1n,
    ...fields,
  };
}

export function news(status: PaymentStatus, sequence: number | bigint = 2n, paymentId = 'pi_1'): PaymentNews {
  return { paymentId, status, sequence: BigInt(sequence) };
}

/** The kinds of a change's events. */
export function eventsOf({ events }: Change): (string | undefined)[] {
  return events.map(({ payload }) => payload.case);
}
