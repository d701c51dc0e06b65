import { randomUUID } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { requireEtag } from '../platform/chassis/api/etag.ts';
import { applyFieldMask } from '../platform/chassis/api/field-mask.ts';
import { listOf, listPage } from '../platform/chassis/api/list-page.ts';
import { decodePageToken, encodePageToken } from '../platform/chassis/api/page-token.ts';
import { requireValid } from '../platform/chassis/api/validate.ts';
import { failedPrecondition, invalidArgument, notFound, type RpcError } from '../platform/chassis/errors/rpc-error.ts';
import type { Call, Handlers } from '../platform/chassis/server/call.ts';
import { watch } from '../platform/chassis/server/watch.ts';
import { requireCaller } from '../platform/chassis/trust/require-caller.ts';
import type { Outbox } from '../platform/cloud/events/outbox.ts';
import { DatabaseError } from '../platform/cloud/spanner/database.ts';
import { requestFingerprint } from '../platform/cloud/spanner/request-ids.ts';
import {
  CreateDealRequestSchema,
  DealSchema,
  ListDealsRequestSchema,
  ListOrdersRequestSchema,
  OrderSchema,
  type PartnerService,
} from '../platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { type Deal, type DealTrigger, dealTransitions, missingForPublishing, touchedFixedFields } from './domain/deal.ts';
import { type Fulfilment, type FulfilmentState, move } from './domain/fulfilment.ts';
import type { Orders, Parcel } from './domain/orders.ts';
import { dealMessage, idOf, orderMessage, partnersFields, partnersPart } from './messages.ts';
import type { Committed, PartnerStore } from './store/store.ts';

/** What the handlers need. */
interface PartnerServiceOptions {
  readonly store: PartnerStore;
  readonly outbox: Outbox;
  readonly orders: Orders;
  readonly now: () => Date;
}

const newestFirst = { order: { field: 'create_time', descending: true } };
const dealList = listOf(ListDealsRequestSchema, DealSchema, { filter: ['state', 'sku', 'create_time'], ...newestFirst });
const orderList = listOf(ListOrdersRequestSchema, OrderSchema, { filter: ['state', 'create_time'], ...newestFirst });

/** Orders that one read of a stream takes at most; the next read takes what is left. */
const watchBatch = 200;

/** The handlers of kumiko.partner.v1.PartnerService. */
export function partnerService({ store, outbox, orders, now }: PartnerServiceOptions): Handlers<typeof PartnerService> {
  /** Changes a deal of the caller's; another partner's deal answers like a missing one. */
  async function changeDeal(call: Call, { name, etag }: { name: string; etag: string }, change: (deal: Deal) => Deal) {
    const { id: partner } = requireCaller(call, 'partner');
    const committed = await store.changeDeal(idOf(name), (deal) => {
      requireOwn(deal, partner, { name, etag });
      return change(deal);
    });
    return dealMessage(publish(call, committed, name));
  }

  function publish<T>(call: Call, committed: Committed<T> | undefined, name: string): T {
    if (committed === undefined) throw notFound(name);
    const { events, after } = committed;
    if (events.length > 0) call.afterResponse(() => outbox.publish(events));
    return after;
  }

  return {
    async createDeal(request, call) {
      const { id: partner } = requireCaller(call, 'partner');
      const createTime = now();
      const deal: Deal = {
        id: randomUUID(),
        partner,
        ...partnersPart(request.deal ?? create(DealSchema)),
        state: 'DRAFT',
        version: 1n,
        createTime,
        updateTime: createTime,
      };
      const key = {
        caller: partner,
        method: 'CreateDeal',
        requestId: request.requestId,
        fingerprint: requestFingerprint(CreateDealRequestSchema, request),
      };
      const response = toBinary(DealSchema, create(DealSchema, dealMessage(deal)));
      return fromBinary(DealSchema, await store.createDeal(key, deal, response));
    },

    updateDeal: ({ deal: source, updateMask }, call) =>
      changeDeal(call, source ?? { name: '', etag: '' }, (before) => {
        // Customers would not be told: the event of a closed deal says nothing but that.
        if (before.state === 'CLOSED')
          throw failedPrecondition('DEAL_CLOSED', 'a closed deal no longer changes', { resource: `deals/${before.id}` });
        const message = create(DealSchema, dealMessage(before));
        if (source !== undefined) applyFieldMask(DealSchema, message, source, updateMask, partnersFields);
        // What no draft could have been made with, no update leaves.
        requireValid(CreateDealRequestSchema, create(CreateDealRequestSchema, { deal: message }));
        const after = { ...before, ...partnersPart(message, before) };
        const fixed = touchedFixedFields(before, after);
        if (fixed.length > 0) {
          throw failedPrecondition(
            'DEAL_PUBLISHED',
            `the deal is ${before.state.toLowerCase()}: ${fixed.join(', ')} can no longer change`,
            { resource: `deals/${before.id}` },
          );
        }
        return after;
      }),

    publishDeal: (request, call) =>
      changeDeal(call, request, (deal) => {
        const missing = deal.state === 'DRAFT' ? missingForPublishing(deal) : [];
        if (missing.length > 0) throw incomplete(missing, request.name);
        return moveDeal(deal, 'publish');
      }),

    closeDeal: (request, call) => changeDeal(call, request, (deal) => moveDeal(deal, 'close')),

    async deleteDeal(request, call) {
      const { id: partner } = requireCaller(call, 'partner');
      const { name } = request;
      const wasThere = await store.deleteDeal(idOf(name), (deal) => {
        requireOwn(deal, partner, request);
        if (deal.state === 'DRAFT') return;
        throw failedPrecondition('DEAL_PUBLISHED', 'only a draft can be deleted: close the deal', { resource: name });
      });
      if (!wasThere) throw notFound(name);
      return {};
    },

    async getDeal({ name }, call) {
      const deal = await store.deal(idOf(name));
      if (deal === undefined || deal.partner !== requireCaller(call, 'partner').id) throw notFound(name);
      return dealMessage(deal);
    },

    async listDeals(request, call) {
      const { id: partner } = requireCaller(call, 'partner');
      const { items, nextPageToken } = await listPage(
        dealList,
        request,
        (query) => store.deals(partner, query),
        (deal) => ({ time: deal.createTime, id: deal.id }),
      );
      return { deals: items.map(dealMessage), nextPageToken };
    },

    async listOrders(request, call) {
      const { id: partner } = requireCaller(call, 'partner');
      const { items, nextPageToken } = await listPage(
        orderList,
        request,
        (query) => store.fulfilments(partner, query),
        (order) => ({ time: order.createTime, id: order.id }),
      );
      return { orders: items.map(orderMessage), nextPageToken };
    },

    async shipOrder({ name, carrier, trackingNumber }, call) {
      const { id: partner } = requireCaller(call, 'partner');
      const parcel = { carrier, trackingNumber };
      const id = idOf(name);
      const [known, inParcel] = await Promise.all([store.fulfilment(id), store.fulfilmentOf(parcel)]);
      const fulfilment = toShip(known, partner, name);
      if (isShippedWith(fulfilment, parcel)) return orderMessage(fulfilment);
      shipped(fulfilment, parcel);
      if (inParcel !== undefined) throw parcelInUse(name);
      // The order's owner decides whether it is shipped or cancelled. What is lost behind this call is made up for by the same call, repeated.
      const outcome = await orders.ship(fulfilment, parcel, call.signal);
      if (outcome === 'cancelled') throw cannotShip(name, 'CANCELLED');
      if (outcome === 'unknown') throw notFound(name);
      let current = fulfilment;
      const ship = store.changeFulfilment({ id }, (before) => {
        current = toShip(before, partner, name);
        if (isShippedWith(current, parcel)) return undefined;
        return { after: shipped(current, parcel), payload: { case: 'orderShipped', value: parcel } };
      });
      const committed = await ship.catch((error) => {
        throw error instanceof DatabaseError && error.kind === 'unique' ? parcelInUse(name) : error;
      });
      return orderMessage(committed === undefined ? current : publish(call, committed, name));
    },

    async *watchOrders({ resumeToken }, call) {
      const { id: partner } = requireCaller(call, 'partner');
      const since = resumeToken === '' ? undefined : resumePosition(resumeToken);
      const read = (after: bigint | undefined) => store.changedFulfilments(partner, after ?? 0n, watchBatch);
      for await (const { value, position } of watch({ read, since, signal: call.signal })) {
        yield {
          ...(value === undefined ? {} : { order: orderMessage(value) }),
          resumeToken: position === undefined ? '' : encodePageToken({ change: String(position) }),
        };
      }
    },
  };
}

/**
 * @throws {RpcError} NOT_FOUND where the deal is another partner's, which nobody else is to know of; ABORTED where it is not what the caller has read.
 */
function requireOwn(deal: Deal, partner: string, { name, etag }: { readonly name: string; readonly etag: string }): void {
  if (deal.partner !== partner) throw notFound(name);
  requireEtag(etag, name, deal.version);
}

/** An order of the partner's that it may know of. @throws {RpcError} NOT_FOUND */
function toShip(fulfilment: Fulfilment | undefined, partner: string, name: string): Fulfilment {
  if (fulfilment === undefined || fulfilment.partner !== partner || fulfilment.shipTo === undefined) throw notFound(name);
  return fulfilment;
}

function isShippedWith(fulfilment: Fulfilment, { carrier, trackingNumber }: Parcel): boolean {
  return fulfilment.carrier === carrier && fulfilment.trackingNumber === trackingNumber;
}

/** What the order is once it is in the parcel. @throws {RpcError} where it cannot be shipped any more. */
function shipped(fulfilment: Fulfilment, parcel: Parcel): Fulfilment {
  const after = move(fulfilment, 'ship', parcel);
  if (after !== undefined) return after;
  throw cannotShip(`orders/${fulfilment.id}`, fulfilment.state as Exclude<FulfilmentState, 'TO_SHIP'>);
}

function cannotShip(name: string, state: Exclude<FulfilmentState, 'TO_SHIP'>): RpcError {
  return failedPrecondition(`ORDER_${state}`, `the order is ${state.toLowerCase()} and cannot be shipped`, { resource: name });
}

function parcelInUse(name: string): RpcError {
  return failedPrecondition('PARCEL_IN_USE', 'another order was shipped with this tracking_number', { resource: name });
}

function incomplete(missing: readonly string[], resource: string): RpcError {
  return failedPrecondition('DEAL_INCOMPLETE', `a deal cannot be on sale without a sound ${missing.join(', ')}`, { resource });
}

function moveDeal(deal: Deal, trigger: DealTrigger): Deal {
  const state = dealTransitions[deal.state][trigger];
  if (state === undefined) {
    throw failedPrecondition(
      'DEAL_CLOSED',
      `a ${deal.state.toLowerCase()} deal cannot be ${trigger === 'publish' ? 'published' : 'closed'}`,
      {
        resource: `deals/${deal.id}`,
      },
    );
  }
  return state === deal.state ? deal : { ...deal, state };
}

function resumePosition(token: string): bigint {
  const change = decodePageToken(token, 'resume_token')['change'] ?? '';
  if (!/^\d{1,18}$/.test(change)) {
    throw invalidArgument('resume_token is not of this stream', [
      { field: 'resume_token', description: 'must be the last resume_token received' },
    ]);
  }
  return BigInt(change);
}
