import type { Address } from '../../platform/contracts/address.ts';

/** How far an order is. */
export type OrderState = 'PENDING_PAYMENT' | 'AUTHORIZED' | 'CONFIRMED' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED';

/** What became of an order's payment. */
export type PaymentState = 'PENDING' | 'AUTHORIZED' | 'CAPTURING' | 'CAPTURED' | 'VOIDING' | 'VOIDED' | 'REFUNDING' | 'REFUNDED' | 'FAILED';

/** Why an order may be cancelled. */
export const cancelReasons = ['CUSTOMER', 'HOLD_EXPIRED', 'GROUP_EXPIRED', 'PAYMENT_DECLINED'] as const;

/** Why an order was cancelled. */
export type CancelReason = (typeof cancelReasons)[number];

/** One place in one group. Ids without their resource prefix. */
export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly group: string;
  readonly deal: string;
  readonly partner: string;
  readonly quantity: number;
  readonly totalMicros: bigint;
  readonly currency: string;
  readonly shipTo: Address;
  readonly state: OrderState;
  readonly paymentState: PaymentState;
  readonly cancelReason: CancelReason | undefined;
  /** The provider's id of the payment intent, once the provider has been reached. */
  readonly paymentId: string | undefined;
  readonly paymentClientToken: string | undefined;
  /** The provider's sequence of the last status that was taken in. */
  readonly paymentSequence: bigint;
  readonly carrier: string | undefined;
  readonly trackingNumber: string | undefined;
  readonly holdExpireTime: Date;
  readonly createTime: Date;
  /** When it was last written. */
  readonly updateTime: Date;
  /** Incremented with each change that others are told of. */
  readonly version: bigint;
  /** The trace of the request that placed it: what happens to it later is joined or linked with that. */
  readonly traceparent?: string | undefined;
}

/** What can happen to an order. */
export type OrderTrigger = 'authorize' | 'confirm' | 'ship' | 'deliver' | 'cancel';

/** Every legal transition of an order. What is missing is refused. */
export const orderTransitions: Readonly<Record<OrderState, Readonly<Partial<Record<OrderTrigger, OrderState>>>>> = {
  PENDING_PAYMENT: { authorize: 'AUTHORIZED', cancel: 'CANCELLED' },
  AUTHORIZED: { confirm: 'CONFIRMED', cancel: 'CANCELLED' },
  CONFIRMED: { ship: 'SHIPPED', cancel: 'CANCELLED' },
  SHIPPED: { deliver: 'DELIVERED' },
  DELIVERED: {},
  CANCELLED: {},
};

/** What can happen to a payment: what we ask of the provider, and what the provider tells. */
export type PaymentTrigger =
  | 'request-capture'
  | 'request-void'
  | 'request-refund'
  | 'authorized'
  | 'declined'
  | 'captured'
  | 'voided'
  | 'refunded'
  | 'capture-given-up';

/**
 * Every legal transition of a payment. What is missing changes nothing: it is old news, or the answer to our next call tells it again.
 */
export const paymentTransitions: Readonly<Record<PaymentState, Readonly<Partial<Record<PaymentTrigger, PaymentState>>>>> = {
  PENDING: { authorized: 'AUTHORIZED', declined: 'FAILED', voided: 'VOIDED' },
  // Declined: the reservation has lapsed at the bank.
  AUTHORIZED: { 'request-capture': 'CAPTURING', 'request-void': 'VOIDING', declined: 'FAILED', voided: 'VOIDED' },
  // The customer may cancel while the capture is under way: whichever call the provider takes first decides.
  CAPTURING: {
    'request-void': 'VOIDING',
    declined: 'FAILED',
    captured: 'CAPTURED',
    voided: 'VOIDED',
    refunded: 'REFUNDED',
    'capture-given-up': 'FAILED',
  },
  CAPTURED: { 'request-refund': 'REFUNDING', refunded: 'REFUNDED' },
  VOIDING: { declined: 'FAILED', captured: 'CAPTURED', voided: 'VOIDED', refunded: 'REFUNDED' },
  VOIDED: {},
  REFUNDING: { refunded: 'REFUNDED' },
  REFUNDED: {},
  // A capture that was given up may have gone through after all, and a declined payment be tried again with the provider.
  FAILED: { authorized: 'AUTHORIZED', captured: 'CAPTURED' },
};

/** Whether the order takes a place in its group and stock of its deal. */
export function isActive(order: Order): boolean {
  return order.state !== 'CANCELLED';
}

/** How long an order holds its place and stock while its payment is pending. */
export const holdMs = 15 * 60_000;
