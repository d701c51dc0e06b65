import type { Address } from '../../platform/contracts/address.ts';

/** How far an order is, for its partner. */
export type FulfilmentState = 'TO_SHIP' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED';

/** An order as its partner sees it. Ids without their resource prefix. */
export interface Fulfilment {
  /** The order's id. */
  readonly id: string;
  readonly partner: string;
  readonly deal: string;
  readonly quantity: number;
  readonly totalMicros: bigint;
  readonly currency: string;
  /** Undefined where the order was cancelled before its partner heard of it; such an order is not shown. */
  readonly shipTo: Address | undefined;
  readonly state: FulfilmentState;
  readonly carrier: string | undefined;
  readonly trackingNumber: string | undefined;
  /** The customer service's version of the order that this shows. */
  readonly orderVersion: bigint;
  /** Incremented by one for each change. */
  readonly version: bigint;
  readonly createTime: Date;
  /** When it was last written. */
  readonly updateTime: Date;
}

/** What can happen to a fulfilment. */
export type FulfilmentTrigger = 'ship' | 'deliver' | 'cancel';

/** Every legal transition of a fulfilment. What is missing is refused, or old news. */
export const fulfilmentTransitions: Readonly<Record<FulfilmentState, Readonly<Partial<Record<FulfilmentTrigger, FulfilmentState>>>>> = {
  TO_SHIP: { ship: 'SHIPPED', cancel: 'CANCELLED' },
  SHIPPED: { deliver: 'DELIVERED' },
  DELIVERED: {},
  CANCELLED: {},
};

/** The fulfilment after something happened to it, or undefined where the table has no such transition. */
export function move(fulfilment: Fulfilment, trigger: FulfilmentTrigger, fields: Partial<Fulfilment> = {}): Fulfilment | undefined {
  const state = fulfilmentTransitions[fulfilment.state][trigger];
  if (state === undefined) return undefined;
  return { ...fulfilment, ...fields, state, version: fulfilment.version + 1n };
}
