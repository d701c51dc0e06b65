import type { Intent, LedgerEntry } from '../../deploy/local/outside-world/payment-provider/intents.ts';
import { outsideUrl } from '../../deploy/local/platform/endpoints.ts';
import { secretOf } from '../../deploy/local/platform/secrets.ts';
import type { Row } from '../../services/platform/cloud/spanner/database.ts';
import type { Event } from '../../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { callUntilAnswered } from './http-call.ts';
import type { Stage } from './stage.ts';
import type { TokenSource } from './token-source.ts';

/** An order as the database has it. Names with their prefix, as everywhere here. */
export interface OrderRow {
  readonly name: string;
  readonly customer: string;
  readonly group: string;
  readonly deal: string;
  readonly quantity: number;
  readonly totalMicros: bigint;
  readonly state: string;
  readonly paymentState: string;
  readonly cancelReason: string | undefined;
  readonly paymentId: string | undefined;
  readonly version: bigint;
}

/** A group as the database has it. */
interface GroupRow {
  readonly name: string;
  readonly deal: string;
  readonly state: string;
  readonly size: number;
  readonly taken: number;
  readonly authorized: number;
  readonly version: bigint;
}

/** The whole state, as an auditor sees it. */
export interface Snapshot {
  readonly deals: readonly { readonly name: string; readonly stock: number; readonly reserved: number }[];
  readonly groups: readonly GroupRow[];
  readonly orders: readonly OrderRow[];
  readonly fulfilments: readonly { readonly order: string; readonly state: string; readonly trackingNumber: string | undefined }[];
  /** Rows that wait in each service's outbox. */
  readonly outboxRows: Readonly<Record<string, number>>;
  /** Ids of the events that each consumer has taken in, also of those whose rows have been deleted since as a month old. */
  readonly inbox: Readonly<Record<'customer' | 'partner', ReadonlySet<string>>>;
  /** Ids of what the providers sent. */
  readonly providerEvents: readonly { readonly provider: string; readonly id: string }[];
  /** Every event that was published, once for each time. */
  readonly published: readonly Event[];
  readonly deadLetters: number;
  /** The payment provider's own books. */
  readonly ledger: readonly LedgerEntry[];
  readonly intents: readonly Intent[];
  /** The orders that customers and the partner see through the public API. */
  readonly shownToCustomers: readonly { readonly name: string; readonly state: string; readonly paymentState: string }[];
  readonly shownToPartner: readonly { readonly name: string; readonly state: string }[];
}

/** Reads everything. Nothing may be under way that matters: the parts are not read at one time. */
export async function takeSnapshot(stage: Stage, customers: readonly string[]): Promise<Snapshot> {
  const { database, eventLog, platform } = stage;
  const { edge } = platform.endpoints;
  const provider = outsideUrl(platform.endpoints, 'payment_provider');
  const rows = (name: string, text: string) => database.query({ name: `drill.${name}`, text });
  const count = async (schema: string) => (await rows('outbox', `SELECT id FROM ${schema}.outbox`)).length;
  const takenIn = async (schema: 'customer' | 'partner') => {
    for (const row of await rows('inbox', `SELECT event_id FROM ${schema}.inbox`)) stage.takenIn[schema].add(row['event_id'] as string);
    return new Set(stage.takenIn[schema]);
  };
  const merchant = { authorization: `Bearer ${secretOf(platform.secrets, 'payment-provider-key')}` };
  const ask = async <T>(url: string) => (await need(await callUntilAnswered({ method: 'GET', url, headers: merchant }), url)) as T;

  const published = await eventLog.events();
  const orders = (await rows('orders', 'SELECT * FROM customer.orders')).map(orderRow);
  const intents = orders.map(({ name }) => ask<{ payment_intents: Intent[] }>(`${provider}/v1/payment_intents?reference=${name}`));
  return {
    published,
    orders,
    deals: (await rows('deals', 'SELECT id, stock, reserved FROM customer.deal_allocations')).map((row) => ({
      name: `deals/${row['id']}`,
      stock: Number(row['stock']),
      reserved: Number(row['reserved']),
    })),
    groups: (await rows('groups', 'SELECT * FROM customer.groups')).map(groupRow),
    fulfilments: (await rows('fulfilments', 'SELECT id, state, tracking_number FROM partner.fulfilments')).map((row) => ({
      order: `orders/${row['id']}`,
      state: row['state'] as string,
      trackingNumber: (row['tracking_number'] as string | null) ?? undefined,
    })),
    outboxRows: { customer: await count('customer'), partner: await count('partner'), webhook: await count('webhook') },
    inbox: { customer: await takenIn('customer'), partner: await takenIn('partner') },
    providerEvents: (await rows('providerEvents', 'SELECT provider, event_id FROM webhook.provider_events')).map((row) => ({
      provider: row['provider'] as string,
      id: row['event_id'] as string,
    })),
    deadLetters: await eventLog.deadLetters(),
    ledger: (await ask<{ entries: LedgerEntry[] }>(`${provider}/v1/ledger`)).entries,
    intents: (await Promise.all(intents)).flatMap(({ payment_intents }) => payment_intents),
    shownToCustomers: (await Promise.all(customers.map((name) => listAll(`${edge}/v1/orders`, stage.customer(name))))).flat() as never,
    shownToPartner: (await listAll(`${edge}/v1/partner/orders`, stage.partner)) as never,
  };
}

async function listAll(url: string, tokens: TokenSource): Promise<unknown[]> {
  const all: unknown[] = [];
  let pageToken = '';
  do {
    const page = `${url}?page_size=100&page_token=${encodeURIComponent(pageToken)}`;
    const body = (await need(await callUntilAnswered({ method: 'GET', url: page }, tokens), url)) as {
      orders?: unknown[];
      nextPageToken?: string;
    };
    all.push(...(body.orders ?? []));
    pageToken = body.nextPageToken ?? '';
  } while (pageToken !== '');
  return all;
}

async function need(answer: { status: number; body: unknown } | undefined, url: string): Promise<unknown> {
  if (answer?.status !== 200) throw new Error(`${url} is answered ${answer?.status ?? 'by nobody'}`);
  return answer.body;
}

function orderRow(row: Row): OrderRow {
  return {
    name: `orders/${row['id']}`,
    customer: row['customer'] as string,
    group: `groups/${row['group_id']}`,
    deal: `deals/${row['deal']}`,
    quantity: Number(row['quantity']),
    totalMicros: row['total_micros'] as bigint,
    state: row['state'] as string,
    paymentState: row['payment_state'] as string,
    cancelReason: (row['cancel_reason'] as string | null) ?? undefined,
    paymentId: (row['payment_id'] as string | null) ?? undefined,
    version: row['version'] as bigint,
  };
}

function groupRow(row: Row): GroupRow {
  return {
    name: `groups/${row['id']}`,
    deal: `deals/${row['deal']}`,
    state: row['state'] as string,
    size: Number(row['size']),
    taken: Number(row['taken']),
    authorized: Number(row['authorized']),
    version: row['version'] as bigint,
  };
}
