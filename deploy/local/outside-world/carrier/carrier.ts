import * as z from 'zod';
import type { DeliveryMishaps } from '../../cloud/push/delivery-faults.ts';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import { route, startJsonServer } from '../../shared/http/json-server.ts';
import type { Clock, LocalServer } from '../../shared/local-server.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { createKeyCheck } from '../bearer-key.ts';
import { type Faults, withFaults } from '../faults.ts';
import { createIdempotency, idempotencySchema } from '../idempotency.ts';
import { webhookControl } from '../webhook-control.ts';
import { createWebhookOutbox, webhookOutboxSchema } from '../webhook-outbox.ts';
import { createShipments, shipmentsSchema } from './shipments.ts';

const bookSchema = z.strictObject({ reference: z.string().min(1).max(200), address: z.record(z.string(), z.unknown()) });

/** The carrier "hayabusa". */
export interface Carrier extends LocalServer {
  /** Where its webhooks go from now on. */
  setWebhookUrl(url: string | undefined): void;
}

/**
 * Starts the carrier "hayabusa" of the outside world: bookings, signed webhooks, and `POST /control/faults` for drills.
 * `POST /v1/shipments/{tracking}/advance` is the parcel's journey and no part of the carrier's API, so it takes no key.
 * Its state is `<stateDir>/carrier.sqlite`.
 */
export async function startCarrier(options: {
  readonly port: number;
  readonly stateDir: string;
  readonly clock: Clock;
  /** The API key of those who book. */
  readonly key: string;
  readonly webhookSecret: string;
  /** Such as http://127.0.0.1:8080/v1/webhooks/shipments/hayabusa; webhooks wait while there is none. */
  readonly webhookUrl?: string | undefined;
  readonly faults?: Faults;
  /** What goes wrong with its webhooks on the way. */
  readonly mishaps?: DeliveryMishaps;
}): Promise<Carrier> {
  const store = openStore(options.stateDir, 'carrier', shipmentsSchema + idempotencySchema + webhookOutboxSchema);
  const shipments = createShipments(store.database);
  const answerOnce = createIdempotency(store);
  const checkKey = createKeyCheck(options.key);
  const webhooks = createWebhookOutbox({
    database: store.database,
    clock: options.clock,
    header: 'Hayabusa-Signature',
    secret: options.webhookSecret,
    url: options.webhookUrl,
    mishaps: options.mishaps,
  });

  const server = await startJsonServer({
    port: options.port,
    routes: [
      ...withFaults(
        [
          {
            method: 'POST',
            path: '/v1/shipments',
            handle: (request) => {
              checkKey(request);
              const book = () => {
                const { tracking_number, status } = shipments.book(request.json(bookSchema));
                return { status: 200, body: { tracking_number, status } };
              };
              return request.headers['idempotency-key'] === undefined ? book() : answerOnce(request, book);
            },
          },
          {
            method: 'GET',
            path: '/v1/shipments',
            handle: (request) => {
              checkKey(request);
              const reference = request.query.get('reference');
              if (reference === null) throw new HttpProblem(400, 'invalid_request', 'Give the query parameter "reference".');
              return { status: 200, body: { shipments: shipments.list(reference) } };
            },
          },
          route({
            method: 'GET',
            path: '/v1/shipments/{tracking}',
            handle: (request) => {
              checkKey(request);
              return { status: 200, body: shipments.get(request.params.tracking) };
            },
          }),
          route({
            method: 'POST',
            path: '/v1/shipments/{tracking}/advance',
            handle: ({ params }) => {
              const shipment = store.transaction(() => {
                const { address: _, ...moved } = shipments.advance(params.tracking);
                webhooks.add(`shipment.${moved.status}`, moved);
                return moved;
              });
              webhooks.wake();
              return { status: 200, body: shipment };
            },
          }),
        ],
        options.clock,
        options.faults,
      ),
      ...webhookControl(webhooks),
    ],
  });
  return {
    port: server.port,
    setWebhookUrl: webhooks.setUrl,
    close: async () => {
      await Promise.all([server.close(), webhooks.close()]);
      store.close();
    },
  };
}
