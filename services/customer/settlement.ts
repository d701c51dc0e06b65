import { status } from '@grpc/grpc-js';
import { notFound, RpcError, unavailable } from '../platform/chassis/errors/rpc-error.ts';
import { noChange } from './domain/change.ts';
import type { Order, PaymentState } from './domain/order.ts';
import { applyPaymentNews, giveUpCapture } from './domain/order-lifecycle.ts';
import type { PaymentAction, PaymentIntent, PaymentProvider, PaymentReport } from './domain/payment-provider.ts';
import type { Committed, CustomerStore } from './store/store.ts';

/** The states in which a payment waits for each action. In another one the action has been done or is no longer wanted. */
const waitingStates: Readonly<Record<PaymentAction, readonly PaymentState[]>> = {
  capture: ['CAPTURING'],
  // A failed capture leaves the reservation on the customer's account.
  void: ['VOIDING', 'FAILED'],
  refund: ['REFUNDING'],
};

/** What the sweep has to repeat where an action's task has run out of attempts. */
const overdueActions: Readonly<Partial<Record<PaymentState, PaymentAction>>> = {
  CAPTURING: 'capture',
  VOIDING: 'void',
  REFUNDING: 'refund',
  FAILED: 'void',
};

/** Which attempt at an action it is. */
export interface Attempt {
  /** A task's, from 1; the sweep's is 0. Part of the key by which the provider recognises a repetition. */
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

  /** The payment's handle for the customer's app, made at the provider where that has not happened yet; undefined where nothing is to be paid any more. */
  async ensureIntent(order: Order, signal: AbortSignal): Promise<PaymentIntent | undefined> {
    if (order.paymentId !== undefined && order.paymentClientToken !== undefined) {
      return { id: order.paymentId, clientToken: order.paymentClientToken };
    }
    if (order.state !== 'PENDING_PAYMENT') return undefined;
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
    if (!waitingStates[action].includes(order.paymentState)) return { change: noChange, events: [] };
    if (order.paymentId === undefined) throw new Error(`orders/${orderId} is ${order.paymentState} without a payment`);
    const report = await this.#ask(action, order.paymentId, `${action}-${orderId}-${attempt.number}`, signal);
    const committed = await this.#store.changeOrder(orderId, async (current, group, members) => {
      if (report.outcome === 'done') return applyPaymentNews(current, group, await members(), report.news, this.#now());
      return action === 'capture' && attempt.last ? giveUpCapture(current, group) : noChange;
    });
    // A void or refund is never given up.
    if (report.outcome === 'declined' && !(action === 'capture' && attempt.last)) {
      throw new RpcError({ code: status.UNAVAILABLE, reason: 'PAYMENT_DECLINED', message: `${action} declined; try again later` });
    }
    return committed ?? { change: noChange, events: [] };
  }

  /** Repeats what an order's payment has waited for since its task gave up. A capture that is declined now is given up. */
  async settleOverdue(order: Order, signal: AbortSignal): Promise<Committed> {
    const action = overdueActions[order.paymentState];
    if (action === undefined) return { change: noChange, events: [] };
    const committed = await this.settle(action, order.id, { number: 0, last: true }, signal);
    // A failed payment stays failed, so its state does not tell that there is nothing left to do.
    if (order.paymentState === 'FAILED') await this.#store.endSettlement(order.id);
    return committed;
  }

  async #ask(action: PaymentAction, paymentId: string, key: string, signal: AbortSignal): Promise<PaymentReport> {
    try {
      return await this.#provider.settle(action, paymentId, key, signal);
    } catch (cause) {
      throw unavailable(`the payment provider did not take the ${action}`, cause);
    }
  }
}
