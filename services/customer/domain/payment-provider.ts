import type { Order } from './order.ts';
import type { PaymentNews } from './order-lifecycle.ts';

/** The provider's handle of a payment that the customer's app confirms. */
export interface PaymentIntent {
  readonly id: string;
  readonly clientToken: string;
}

/** What the provider answers to a call: the payment as it is now, or that the customer's bank refused. */
export type PaymentReport = { readonly outcome: 'done'; readonly news: PaymentNews } | { readonly outcome: 'declined' };

/** The payment provider. Calls may be repeated: the provider recognises them by their key. */
export interface PaymentProvider {
  /** As it stands in our webhook's path. */
  readonly name: string;
  /** Asks for a payment of the order's total; the same for each call with the same order. */
  createIntent(order: Order, signal: AbortSignal): Promise<PaymentIntent>;
  /**
   * Takes, releases or gives back the money. Where the payment has come to another end, the answer says which.
   *
   * @throws {Error} where nothing is known to have happened: the call is to be repeated.
   */
  settle(action: PaymentAction, paymentId: string, key: string, signal: AbortSignal): Promise<PaymentReport>;
}

/** What is done with an authorised or captured payment. */
export type PaymentAction = 'capture' | 'void' | 'refund';
