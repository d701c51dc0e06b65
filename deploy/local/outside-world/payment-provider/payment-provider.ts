import * as z from 'zod';
import { isPayable } from '../../../../services/platform/contracts/currencies.ts';
import type { DeliveryMishaps } from '../../cloud/push/delivery-faults.ts';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import { type JsonRoute, route, startJsonServer } from '../../shared/http/json-server.ts';
import type { Clock, LocalServer } from '../../shared/local-server.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { createKeyCheck } from '../bearer-key.ts';
import { type Faults, withFaults } from '../faults.ts';
import { createIdempotency, idempotencySchema } from '../idempotency.ts';
import { webhookControl } from '../webhook-control.ts';
import { createWebhookOutbox, webhookOutboxSchema } from '../webhook-outbox.ts';
import { type Change, cards, createIntents, intentActions, intentsSchema } from './intents.ts';

const createSchema = z
  .strictObject({
    amount_micros: z.string().regex(/^[1-9]\d{0,17}$/, { abort: true, error: 'a positive decimal number of micros, as text' }),
    currency: z.string(),
    reference: z.string().min(1).max(200),
    metadata: z.record(z.string().max(40), z.string().max(500)).optional(),
  })
  // As every provider: money that does not exist cannot be moved.
  .refine(
    ({ amount_micros, currency }) => isPayable(BigInt(amount_micros), currency),
    'a whole number of minor units of a currency of ISO 4217',
  );
const confirmSchema = z.strictObject({ client_token: z.string(), card: z.enum(cards) });

/** The payment provider "yamapay". */
export interface PaymentProvider extends LocalServer {
  /** Where its webhooks go from now on. */
  setWebhookUrl(url: string | undefined): void;
}

/**
 * Starts the payment provider "yamapay" of the outside world: payment intents, a ledger that only grows, signed webhooks, and
 * `POST /control/faults` for drills. Its state is `<stateDir>/payment-provider.sqlite`.
 */
export async function startPaymentProvider(options: {
  readonly port: number;
  readonly stateDir: string;
  readonly clock: Clock;
  /** The merchant's API key. */
  readonly key: string;
  readonly webhookSecret: string;
  /** Such as http://127.0.0.1:8080/v1/webhooks/payments/yamapay; webhooks wait while there is none. */
  readonly webhookUrl?: string | undefined;
  readonly faults?: Faults;
  /** What goes wrong with its webhooks on the way. */
  readonly mishaps?: DeliveryMishaps;
}): Promise<PaymentProvider> {
  const store = openStore(options.stateDir, 'payment-provider', intentsSchema + idempotencySchema + webhookOutboxSchema);
  const intents = createIntents(store.database, options.clock);
  const answerOnce = createIdempotency(store);
  const checkKey = createKeyCheck(options.key);
  const webhooks = createWebhookOutbox({
    database: store.database,
    clock: options.clock,
    header: 'Yamapay-Signature',
    secret: options.webhookSecret,
    url: options.webhookUrl,
    mishaps: options.mishaps,
  });

  const merchantRoutes: JsonRoute[] = [
    {
      method: 'POST',
      path: '/v1/payment_intents',
      handle: (request) => answerOnce(request, () => ({ status: 200, body: intents.create(request.json(createSchema)) })),
    },
    {
      method: 'GET',
      path: '/v1/payment_intents',
      handle: ({ query }) => {
        const reference = query.get('reference');
        if (reference === null) throw new HttpProblem(400, 'invalid_request', 'Give the query parameter "reference".');
        return { status: 200, body: { payment_intents: intents.list(reference) } };
      },
    },
    route({ method: 'GET', path: '/v1/payment_intents/{id}', handle: ({ params }) => ({ status: 200, body: intents.get(params.id) }) }),
    ...intentActions.map((action) =>
      route({
        method: 'POST',
        path: `/v1/payment_intents/{id}/${action}`,
        handle: (request) => {
          const response = answerOnce(request, () => {
            const change = intents.act(request.params.id, action);
            if (change !== 'declined') return { status: 200, body: announce(change) };
            return { status: 402, body: { error: { code: 'card_declined', message: 'The card was declined.' } } };
          });
          webhooks.wake();
          return response;
        },
      }),
    ),
    {
      method: 'GET',
      path: '/v1/ledger',
      handle: ({ query }) => ({ status: 200, body: { entries: intents.ledger(query.get('reference') ?? undefined) } }),
    },
  ];
  let declines = false;
  const onFaults = (faults: { readonly declines: boolean }) => {
    declines = faults.declines;
  };
  const customerRoutes: JsonRoute[] = [
    route({
      // Called by the customer's app: the client token is the proof.
      method: 'POST',
      path: '/v1/payment_intents/{id}/confirm',
      handle: (request) => {
        const { client_token, card } = request.json(confirmSchema);
        const intent = store.transaction(() => announce(intents.confirm(request.params.id, client_token, declines ? 'declined' : card)));
        webhooks.wake();
        return { status: 200, body: intent };
      },
    }),
  ];
  const guarded = merchantRoutes.map((route) => ({
    ...route,
    handle: (request: Parameters<JsonRoute['handle']>[0]) => {
      checkKey(request);
      return route.handle(request);
    },
  }));

  const server = await startJsonServer({
    port: options.port,
    routes: [...withFaults([...guarded, ...customerRoutes], options.clock, options.faults, onFaults), ...webhookControl(webhooks)],
  });
  return {
    port: server.port,
    setWebhookUrl: webhooks.setUrl,
    close: async () => {
      await Promise.all([server.close(), webhooks.close()]);
      store.close();
    },
  };

  /** Stores the webhook of a change with the change. */
  function announce({ intent, changed }: Change) {
    if (changed) webhooks.add(`payment.${intent.status}`, { intent });
    return intent;
  }
}
