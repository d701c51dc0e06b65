import * as z from 'zod';
import type { Secret } from '../platform/chassis/process/secret.ts';
import { tracedFetch } from '../platform/chassis/telemetry/outgoing-http.ts';
import { jsonInteger, jsonText, parseJson } from '../platform/contracts/json-values.ts';
import type { Order } from './domain/order.ts';
import type { PaymentAction, PaymentIntent, PaymentProvider, PaymentReport } from './domain/payment-provider.ts';

const intentSchema = z.object({
  id: jsonText,
  status: z.enum(['requires_confirmation', 'authorized', 'declined', 'captured', 'voided', 'refunded']),
  client_token: jsonText,
  sequence: jsonInteger,
});

/** The status that an action ends: a payment that is still in it has not been acted on. */
const waitsFor = { capture: 'authorized', void: 'authorized', refund: 'captured' } as const satisfies Record<PaymentAction, string>;

/** The provider could not be reached or failed: the call may be repeated. */
export class PaymentProviderUnavailable extends Error {
  override readonly name = 'PaymentProviderUnavailable';
}

/** Speaks the payment provider's HTTP API. */
export class YamapayClient implements PaymentProvider {
  readonly name: string;
  readonly #url: string;
  readonly #key: Secret;
  readonly #timeoutMs: number;
  readonly #fetch: typeof fetch;

  /** `timeoutMs` limits each call, 4,000 by default: an order is answered within its own deadline also while the provider hangs. */
  constructor(options: { name: string; url: string; key: Secret; timeoutMs?: number; fetch?: typeof fetch }) {
    this.name = options.name;
    this.#url = options.url;
    this.#key = options.key;
    this.#timeoutMs = options.timeoutMs ?? 4_000;
    this.#fetch = options.fetch ?? fetch;
  }

  async createIntent(order: Order, signal: AbortSignal): Promise<PaymentIntent> {
    const body = {
      amount_micros: String(order.totalMicros),
      currency: order.currency,
      reference: `orders/${order.id}`,
      // Comes back with every webhook of the payment, which so finds the order's trace. A repetition must not differ: it is the order's own, not the call's.
      ...(order.traceparent !== undefined && { metadata: { traceparent: order.traceparent } }),
    };
    const path = '/v1/payment_intents';
    const { response, json } = await this.#call('POST', path, path, signal, `intent-${order.id}`, body);
    if (!response.ok) throw new PaymentProviderUnavailable(`payment intent of orders/${order.id} refused with HTTP ${response.status}`);
    const intent = intentSchema.parse(json);
    return { id: intent.id, clientToken: intent.client_token };
  }

  async settle(action: PaymentAction, paymentId: string, key: string, signal: AbortSignal): Promise<PaymentReport> {
    const path = `/v1/payment_intents/${encodeURIComponent(paymentId)}`;
    const template = '/v1/payment_intents/{id}';
    const { response, json } = await this.#call('POST', `${path}/${action}`, `${template}/${action}`, signal, key, {});
    if (response.status === 402) return { outcome: 'declined' };
    // Another call was faster, or the provider ended the payment by itself: what counts is the state that it is in.
    const current = response.status === 409 ? await this.#call('GET', path, template, signal) : { response, json };
    if (!current.response.ok) throw new PaymentProviderUnavailable(`${action} of ${paymentId} failed with HTTP ${current.response.status}`);
    const { status, sequence } = intentSchema.parse(current.json);
    if (status === 'requires_confirmation' || status === waitsFor[action]) {
      throw new PaymentProviderUnavailable(`${action} of ${paymentId} refused, and it is still ${status}`);
    }
    return { outcome: 'done', news: { paymentId, status, sequence } };
  }

  async #call(method: 'GET' | 'POST', path: string, template: string, signal: AbortSignal, idempotencyKey?: string, body?: object) {
    const headers: Record<string, string> = { authorization: `Bearer ${this.#key.reveal()}` };
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
    if (body !== undefined) headers['content-type'] = 'application/json';
    try {
      const request = {
        method,
        headers,
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      };
      const response = await tracedFetch(`${this.#url}${path}`, template, request, this.#fetch);
      if (response.status >= 500) throw new PaymentProviderUnavailable(`${method} ${path}: HTTP ${response.status}`);
      return { response, json: parseJson(await response.text()) };
    } catch (cause) {
      if (cause instanceof PaymentProviderUnavailable) throw cause;
      throw new PaymentProviderUnavailable(`${method} ${path}: no answer`, { cause });
    }
  }
}
