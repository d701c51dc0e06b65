import { setTimeout as delay } from 'node:timers/promises';
import { outsideUrl } from '../../deploy/local/platform/endpoints.ts';
import { callUntilAnswered, type HttpCall } from './http-call.ts';
import type { Journal } from './journal.ts';
import type { DealPlan, DrillPlan, WishPlan } from './plan.ts';
import { shipOrders } from './shipping.ts';
import type { Stage } from './stage.ts';
import type { TokenSource } from './token-source.ts';

interface PlacementAnswer {
  readonly group: { readonly name: string };
  readonly order: { readonly name: string };
  readonly payment: { readonly id?: string; readonly clientToken?: string };
}

const paymentPatienceMs = 20_000;
const address = { regionCode: 'JP', postalCode: '600-8216', addressLines: ['1-2 Shiokoji-cho'] };

/** Customers and a partner who use the platform through its public APIs, and write down what they were told. */
export class Load {
  readonly #stage: Stage;
  readonly #plan: DrillPlan;
  readonly #journal: Journal;
  readonly #edge: string;
  /** Names of the published deals, in the plan's order. */
  #deals: readonly string[] = [];
  /** The groups that were opened, by the index of their deal. */
  readonly #groups = new Map<number, readonly string[]>();
  /** Groups that take nobody any more. */
  readonly #isOver = new Set<string>();

  /** Payments that come when their time is over. */
  readonly #late: (() => Promise<void>)[] = [];

  constructor(stage: Stage, plan: DrillPlan, journal: Journal) {
    this.#stage = stage;
    this.#plan = plan;
    this.#journal = journal;
    this.#edge = `${stage.platform.endpoints.edge}/v1`;
  }

  /** Before the faults: deals on sale and customers with an address. */
  async prepare(): Promise<void> {
    const { deals, customers } = this.#plan;
    this.#deals = await Promise.all(deals.map((deal) => this.#publish(deal)));
    await Promise.all(
      customers.map((customer) => {
        const body = { displayName: customer, shippingAddress: address };
        return succeed({ method: 'PATCH', url: `${this.#edge}/profile`, body }, this.#stage.customer(customer));
      }),
    );
    const onSale = async () => ((await succeed({ method: 'GET', url: `${this.#edge}/deals` })) as { deals?: unknown[] }).deals ?? [];
    while ((await onSale()).length < deals.length) await delay(50);
  }

  /** Everyone's wishes, each at its time. Resolves when the last answer has come, or patience ended. */
  async run(): Promise<void> {
    const startedAt = performance.now();
    const over = new AbortController();
    const shipping = shipOrders(this.#stage, this.#journal, this.#plan, over.signal);
    await Promise.all(
      this.#plan.wishes.map(async (wish) => {
        await delay(Math.max(0, wish.atMs - (performance.now() - startedAt)));
        await this.#wish(wish);
      }),
    );
    over.abort();
    await shipping;
  }

  /** Confirms the payments of those who waited too long. */
  async payLate(): Promise<void> {
    await Promise.all(this.#late.map((pay) => pay()));
  }

  async #publish(deal: DealPlan): Promise<string> {
    const draft = {
      title: deal.title,
      sku: deal.sku,
      price: { currencyCode: 'JPY', units: String(deal.priceYen) },
      groupSize: deal.groupSize,
      groupLifetime: `${deal.groupLifetimeSeconds}s`,
      stock: String(deal.stock),
    };
    const url = `${this.#edge}/partner/deals?request_id=${deal.requestId}`;
    const { name } = (await succeed({ method: 'POST', url, body: draft }, this.#stage.partner)) as { name: string };
    await succeed({ method: 'POST', url: `${this.#edge}/partner/${name}:publish`, body: {} }, this.#stage.partner);
    this.#journal.deals.push({ name, stock: deal.stock });
    return name;
  }

  async #wish(wish: WishPlan): Promise<void> {
    const placed = await this.#place(wish);
    if (placed === undefined) return;
    await delay(wish.hesitatesMs);
    const { card } = wish;
    if (card !== undefined && wish.paysLate) this.#late.push(() => this.#pay(placed, card));
    else if (card !== undefined) await this.#pay(placed, card);
    if (wish.cancelsAfterMs === undefined) return;
    await delay(wish.cancelsAfterMs);
    const call: HttpCall = { method: 'POST', url: `${this.#edge}/${placed.order.name}:cancel`, body: {} };
    const answer = await callUntilAnswered(call, this.#stage.customer(wish.customer));
    if (answer?.status === 200) this.#journal.cancellations.push(placed.order.name);
    else if (answer?.status !== 400)
      this.#journal.incidents.push(`a cancellation was answered ${answer?.status}: ${JSON.stringify(answer?.body)}`);
  }

  /** Joins the oldest group that has places, and opens one where none has. */
  async #place(wish: WishPlan): Promise<PlacementAnswer | undefined> {
    const { deal, quantity } = wish;
    const groups = () => this.#groups.get(deal) ?? [];
    const [openingId, ...joiningIds] = wish.requestIds;
    for (const requestId of wish.opens ? [] : joiningIds) {
      const group = groups().find((name) => !this.#isOver.has(name));
      if (group === undefined) break;
      const joined = await this.#send({ method: 'POST', url: `${this.#edge}/${group}:join`, body: { quantity, requestId } }, wish);
      if (joined !== undefined || !this.#isOver.has(group)) return joined;
    }
    const body = { deal: this.#deals[deal], quantity, requestId: openingId };
    const opened = await this.#send({ method: 'POST', url: `${this.#edge}/groups`, body }, wish);
    if (opened !== undefined) this.#groups.set(deal, [...groups(), opened.group.name]);
    return opened;
  }

  /** Sends a request, all copies at once, and again until the payment's handle is there. */
  async #send(call: HttpCall, wish: WishPlan): Promise<PlacementAnswer | undefined> {
    const answers = await Promise.all(Array.from({ length: wish.copies }, () => this.#ask(call, wish)));
    const [placed] = answers.filter((answer) => answer !== undefined);
    const deadline = Date.now() + paymentPatienceMs;
    let latest = placed;
    while (latest !== undefined && !latest.payment.id && Date.now() < deadline) {
      await delay(500);
      latest = await this.#ask(call, wish);
    }
    return latest ?? placed;
  }

  async #ask(call: HttpCall, { customer }: WishPlan): Promise<PlacementAnswer | undefined> {
    const { requestId } = call.body as { requestId: string };
    const answer = await callUntilAnswered(call, this.#stage.customer(customer));
    if (answer === undefined) {
      this.#journal.unanswered.push({ customer, requestId });
      return undefined;
    }
    if (answer.status === 200) {
      const placed = answer.body as PlacementAnswer;
      this.#journal.placements.push({ customer, requestId, order: placed.order.name, group: placed.group.name });
      return placed;
    }
    if (/GROUP_(FULL|COMPLETED|EXPIRED)/.test(JSON.stringify(answer.body))) this.#isOver.add(/groups\/[^:]+/.exec(call.url)?.[0] ?? '');
    // 400 is a refusal: full, sold out, a member already.
    if (answer.status !== 400) this.#journal.incidents.push(`a placement was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return undefined;
  }

  /** The payment sheet: confirms the payment with the provider. */
  async #pay({ order, payment }: PlacementAnswer, card: NonNullable<WishPlan['card']>): Promise<void> {
    if (!payment.id) return;
    const url = `${outsideUrl(this.#stage.platform.endpoints, 'payment_provider')}/v1/payment_intents/${payment.id}/confirm`;
    const answer = await callUntilAnswered({ method: 'POST', url, body: { client_token: payment.clientToken, card } });
    const status = (answer?.body as { status?: string } | undefined)?.status;
    if (answer?.status === 200 && (status === 'authorized' || status === 'declined')) {
      this.#journal.confirmations.push({ order: order.name, intent: payment.id, status });
    }
  }
}

/** @throws where the answer is none of success. */
async function succeed(call: HttpCall, tokens?: TokenSource): Promise<unknown> {
  const answer = await callUntilAnswered(call, tokens);
  if (answer?.status !== 200) throw new Error(`${call.method} ${call.url}: ${answer?.status} ${JSON.stringify(answer?.body)}`);
  return answer.body;
}
