import { status } from '@grpc/grpc-js';
import { notFound, RpcError, unavailable } from '../chassis/rpc-error.ts';
import { noChange } from './domain/change.ts';
import type { Order, PaymentState } from './domain/order.ts';
import { applyPaymentStatus, giveUpCapture } from './domain/order-lifecycle.ts';
import type { PaymentAction, PaymentIntent, PaymentProvider, PaymentReport } from './domain/payment-provider.ts';
import type { Committed, CustomerStore } from './store.ts';

/** The state in which a payment waits for each action. In another one the action has been done or is no longer wanted. */
const waitingFor = { capture: 'CAPTURING', void: 'VOIDING', refund: 'REFUNDING' } as const satisfies Record<PaymentAction, PaymentState>;

/** A task's attempt. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  /** Whether a decline is final. */
  readonly last: boolean;
}

/** Does with the provider what the orders' states ask for. Every step may be repeated. */
export class Settlement {
  readonly #store: CustomerStore;
  readonly #provider: PaymentProvider;
  readonly #now: () => Date;

  constructor(options: { store: CustomerStore; provider: PaymentProvider; now: () => Date }) {
    this.#store = options.store;
    this.#provider = options.provider;
    this.#now = options.now;
  }

  /** The payment's handle for the customer's app, made at the provider where that has not happened yet. */
  async ensureIntent(order: Order, signal: AbortSignal): Promise<PaymentIntent> {
    if (order.paymentId !== undefined && order.paymentClientToken !== undefined) {
      return { id: order.paymentId, clientToken: order.paymentClientToken };
    }
    const intent = await this.#provider.createIntent(order, signal);
    await this.#store.setPayment(order.id, intent);
    return intent;
  }

  /**
   * Captures, voids or refunds an order's payment, where its state waits for that.
   *
   * @throws {RpcError} NOT_FOUND for an unknown order, UNAVAILABLE where the task is to be repeated.
   */
  async settle(action: PaymentAction, orderId: string, attempt: Attempt, signal: AbortSignal): Promise<Committed> {
    const order = await this.#store.order(orderId);
    if (order === undefined) throw notFound(`orders/${orderId}`);
    if (order.paymentState !== waitingFor[action]) return { change: noChange, events: [] };
    if (order.paymentId === undefined) throw new Error(`orders/${orderId} is ${order.paymentState} without a payment`);
    const report = await this.#ask(action, order.paymentId, `${action}-${orderId}-${attempt.number}`, signal);
    const committed = await this.#store.changeOrder(orderId, async (current, group, members) => {
      if (report.outcome === 'done')
        return applyPaymentStatus(current, group, await members(), report.status, report.sequence, this.#now());
      return attempt.last ? giveUpCapture(current, group) : noChange;
    });
    if (report.outcome === 'declined' && !attempt.last) {
      throw new RpcError({ code: status.UNAVAILABLE, reason: 'PAYMENT_DECLINED', message: `${action} declined; try again later` });
    }
    return committed ?? { change: noChange, events: [] };
  }

  async #ask(action: PaymentAction, paymentId: string, key: string, signal: AbortSignal): Promise<PaymentReport> {
    try {
      return await this.#provider.settle(action, paymentId, key, signal);
    } catch (cause) {
      throw unavailable(`the payment provider did not take the ${action}`, cause);
    }
  }
}
