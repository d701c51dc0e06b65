import type { MessageInitShape } from '@bufbuild/protobuf';
import type { EventSchema } from '../../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import type { Group } from './group.ts';
import type { Order, PaymentTrigger } from './order.ts';
import { paymentTransitions } from './order.ts';

/** What happened, as the payload of a kumiko.event.v1.Event. */
export type EventPayload = NonNullable<MessageInitShape<typeof EventSchema>['payload']>;

/** An event that a change gives rise to. */
export interface DomainEvent {
  /** The aggregate's resource name. */
  readonly aggregate: string;
  readonly version: bigint;
  readonly payload: EventPayload;
}

/** What a decision changes. The store writes all of it in one transaction, or none. */
export interface Change {
  readonly orders: readonly Order[];
  readonly group: Group | undefined;
  /** Units that go back to the deal. */
  readonly releasedUnits: number;
  readonly events: readonly DomainEvent[];
}

/** The decision to change nothing. */
export const noChange: Change = { orders: [], group: undefined, releasedUnits: 0, events: [] };

/** Builds a change of one order: each event increments the order's version. */
export class OrderChange {
  order: Order;
  readonly events: DomainEvent[] = [];

  constructor(order: Order) {
    this.order = order;
  }

  /** Sets fields without an event. */
  set(fields: Partial<Order>): this {
    this.order = { ...this.order, ...fields };
    return this;
  }

  /** Adds an event of the order. */
  emit(payload: EventPayload): this {
    this.set({ version: this.order.version + 1n });
    this.events.push({ aggregate: `orders/${this.order.id}`, version: this.order.version, payload });
    return this;
  }

  /** Moves the payment. False where the table has no such transition: old news, or too late. */
  movePayment(trigger: PaymentTrigger): boolean {
    const next = paymentTransitions[this.order.paymentState][trigger];
    if (next === undefined) return false;
    this.set({ paymentState: next });
    return true;
  }

  /** Gives the money of an order that is over back: voids what is authorised or being captured, refunds what is captured. */
  returnMoney(): this {
    if (this.movePayment('request-void')) return this.emit({ case: 'paymentVoidRequested', value: {} });
    if (this.movePayment('request-refund')) return this.emit({ case: 'paymentRefundRequested', value: {} });
    return this;
  }
}
