import { setTimeout as delay } from 'node:timers/promises';
import { outsideUrl } from '../../deploy/local/platform/endpoints.ts';
import { secretOf } from '../../deploy/local/platform/secrets.ts';
import { callUntilAnswered } from './http-call.ts';
import type { Journal } from './journal.ts';
import type { DrillPlan } from './plan.ts';
import { createRandom } from './random.ts';
import type { Stage } from './stage.ts';

const lookEveryMs = 400;
const patienceMs = 5_000;

interface PartnerOrder {
  readonly name: string;
  readonly state: string;
}

/** The partner's desk: ships a share of what is to be shipped, and the carrier delivers some of it, until the load is over. */
export async function shipOrders(stage: Stage, journal: Journal, plan: DrillPlan, over: AbortSignal): Promise<void> {
  const { edge } = stage.platform.endpoints;
  const carrier = outsideUrl(stage.platform.endpoints, 'carrier');
  const random = createRandom(plan.seed + 1);
  const decided = new Set<string>();
  while (!over.aborted) {
    await delay(lookEveryMs);
    const page = await callUntilAnswered({ method: 'GET', url: `${edge}/v1/partner/orders?page_size=100` }, stage.partner, patienceMs);
    const toShip = ((page?.body as { orders?: PartnerOrder[] } | undefined)?.orders ?? []).filter(({ state }) => state === 'STATE_TO_SHIP');
    for (const { name } of toShip) {
      if (decided.has(name)) continue;
      decided.add(name);
      if (random.chance(plan.shipShare)) await ship(name, random.chance(0.5));
    }
  }

  async function ship(order: string, delivered: boolean): Promise<void> {
    const headers = { authorization: `Bearer ${secretOf(stage.platform.secrets, 'carrier-key')}`, 'idempotency-key': order };
    const booking = { method: 'POST' as const, url: `${carrier}/v1/shipments`, headers, body: { reference: order, address: {} } };
    const booked = await callUntilAnswered(booking, undefined, patienceMs);
    const trackingNumber = (booked?.body as { tracking_number?: string } | undefined)?.tracking_number;
    if (trackingNumber === undefined) return;
    const body = { carrier: 'hayabusa', trackingNumber };
    const answer = await callUntilAnswered({ method: 'POST', url: `${edge}/v1/partner/${order}:ship`, body }, stage.partner);
    if (answer?.status !== 200) return;
    journal.shipments.push({ order, trackingNumber });
    for (let leg = 0; delivered && leg < 2; leg += 1) {
      const advanced = await callUntilAnswered({ method: 'POST', url: `${carrier}/v1/shipments/${trackingNumber}/advance`, body: {} });
      if ((advanced?.body as { status?: string } | undefined)?.status === 'delivered') journal.deliveries.push(order);
    }
  }
}
