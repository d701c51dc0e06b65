import { randomUUID } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { requireEtag } from '../platform/chassis/api/etag.ts';
import { applyFieldMask } from '../platform/chassis/api/field-mask.ts';
import { listOf, listPage } from '../platform/chassis/api/list-page.ts';
import { decodePageToken, encodePageToken } from '../platform/chassis/api/page-token.ts';
import { requireValid } from '../platform/chassis/api/validate.ts';
import { failedPrecondition, invalidArgument, notFound } from '../platform/chassis/errors/rpc-error.ts';
import type { Call, Handlers } from '../platform/chassis/server/call.ts';
import { type Change as Watched, watch } from '../platform/chassis/server/watch.ts';
import { requireCaller } from '../platform/chassis/trust/require-caller.ts';
import type { Outbox } from '../platform/cloud/events/outbox.ts';
import { requestFingerprint } from '../platform/cloud/spanner/request-ids.ts';
import { addressOf } from '../platform/contracts/address.ts';
import {
  type CustomerService,
  DealSchema,
  JoinGroupRequestSchema,
  ListDealsRequestSchema,
  ListOrdersRequestSchema,
  OpenGroupRequestSchema,
  OpenGroupResponseSchema,
  OrderSchema,
  ProfileSchema,
  UpdateProfileRequestSchema,
} from '../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import type { Event } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { activeTraceparent } from '../platform/contracts/traceparent.ts';
import type { Change } from './domain/change.ts';
import type { Group } from './domain/group.ts';
import { PlacementRefused, type Refusal } from './domain/group-lifecycle.ts';
import { cancelOrder } from './domain/order-lifecycle.ts';
import { dealMessage, groupMessage, idOf, orderMessage, profileMessage, profileName } from './messages.ts';
import type { Settlement } from './settlement.ts';
import type { CustomerStore, Placed } from './store/store.ts';

/** What the handlers need. */
interface CustomerServiceOptions {
  readonly store: CustomerStore;
  readonly outbox: Outbox;
  readonly settlement: Settlement;
  /** The payment provider's name. */
  readonly provider: string;
  readonly now: () => Date;
}

const refusalMessages: Readonly<Record<Refusal, string>> = {
  DEAL_CLOSED: 'the deal is no longer on sale',
  OUT_OF_STOCK: 'the deal has less units left than the order asks for',
  GROUP_FULL: 'every place in the group is taken',
  GROUP_EXPIRED: 'the group has expired',
  GROUP_COMPLETED: 'the group is complete',
  ALREADY_MEMBER: 'you have an order in this group already',
  SHIPPING_ADDRESS_REQUIRED: 'set shipping_address in your profile before the first order',
};

const newestFirst = (field: string) => ({ order: { field, descending: true } });

const dealList = listOf(ListDealsRequestSchema, DealSchema, {
  filter: ['partner', 'publish_time'],
  prefixes: { partner: 'partners/' },
  ...newestFirst('publish_time'),
});
const orderList = listOf(ListOrdersRequestSchema, OrderSchema, newestFirst('create_time'));

/** The handlers of kumiko.customer.v1.CustomerService. */
export function customerService(options: CustomerServiceOptions): Handlers<typeof CustomerService> {
  const { store, outbox, settlement, provider, now } = options;

  function publish(call: Call, events: readonly Event[]): void {
    if (events.length === 0) return;
    call.afterResponse(() => outbox.publish(events));
  }

  /** The answer to a placement with the payment that the app has to confirm. OpenGroupResponse and JoinGroupResponse have the same fields. */
  async function answer(call: Call, placed: Placed) {
    publish(call, placed.events);
    const response = fromBinary(OpenGroupResponseSchema, placed.response);
    try {
      const order = placed.order ?? (await store.order(idOf(response.order?.name ?? '')));
      const intent = order && (await settlement.ensureIntent(order, call.signal));
      return { group: response.group, order: response.order, payment: { provider, ...intent } };
    } catch (error) {
      // The order is placed whatever the provider does: the sweep asks again, and the same request repeated tells.
      call.logger.warn({ err: error, order: response.order?.name }, 'no payment intent yet');
      return { group: response.group, order: response.order, payment: { provider } };
    }
  }

  return {
    async getProfile(_request, call) {
      return profileMessage(await store.profile(requireCaller(call, 'customer').id));
    },

    async updateProfile({ profile: source, updateMask }, call) {
      const profile = await store.updateProfile(requireCaller(call, 'customer').id, (before) => {
        requireEtag(source?.etag ?? '', profileName(before.id), before.version);
        const message = create(ProfileSchema, profileMessage(before));
        if (source !== undefined) applyFieldMask(ProfileSchema, message, source, updateMask, ['display_name', 'shipping_address']);
        // The request has been held against the proto's rules; a mask may take single fields of its address.
        requireValid(UpdateProfileRequestSchema, create(UpdateProfileRequestSchema, { profile: message }));
        return {
          ...before,
          displayName: message.displayName,
          shippingAddress: message.shippingAddress && addressOf(message.shippingAddress),
        };
      });
      return profileMessage(profile);
    },

    async listDeals(request) {
      const { items, nextPageToken } = await listPage(
        dealList,
        request,
        (query) => store.deals(query),
        (deal) => ({ time: deal.publishTime, id: deal.id }),
      );
      return { deals: items.map(dealMessage), nextPageToken };
    },

    async getDeal(request) {
      const deal = await store.deal(idOf(request.name));
      if (deal === undefined) throw notFound(request.name);
      return dealMessage(deal);
    },

    async openGroup(request, call) {
      const customer = requireCaller(call, 'customer').id;
      const placed = await refusing(request.deal, () =>
        store.openGroup(idOf(request.deal), {
          key: {
            caller: customer,
            method: 'OpenGroup',
            requestId: request.requestId,
            fingerprint: requestFingerprint(OpenGroupRequestSchema, request),
          },
          placement: { customer, quantity: request.quantity || 1, orderId: randomUUID(), now: now(), traceparent: activeTraceparent() },
          respond: encodePlacement,
        }),
      );
      return answer(call, placed);
    },

    async joinGroup(request, call) {
      const customer = requireCaller(call, 'customer').id;
      const placed = await refusing(request.name, () =>
        store.joinGroup(idOf(request.name), {
          key: {
            caller: customer,
            method: 'JoinGroup',
            requestId: request.requestId,
            fingerprint: requestFingerprint(JoinGroupRequestSchema, request),
          },
          placement: { customer, quantity: request.quantity || 1, orderId: randomUUID(), now: now(), traceparent: activeTraceparent() },
          respond: encodePlacement,
        }),
      );
      return answer(call, placed);
    },

    async getGroup(request, call) {
      const found = await store.group(idOf(request.name), requireCaller(call, 'customer').id);
      if (found === undefined) throw notFound(request.name);
      return groupMessage(found.group, found.ownOrder);
    },

    async *watchGroup(request, call) {
      const customer = requireCaller(call, 'customer').id;
      const id = idOf(request.name);
      const since = request.resumeToken === '' ? undefined : resumeVersion(request.resumeToken);
      if (!(await store.isMember(id, customer))) throw notFound(request.name);
      const read = async (after: bigint | undefined): Promise<Watched<{ group: Group; ownOrder: string | undefined }, bigint>[]> => {
        const found = await store.group(id, customer);
        if (found === undefined || (after !== undefined && found.group.version <= after)) return [];
        return [{ value: found, position: found.group.version }];
      };
      for await (const { value, position } of watch({ read, since, signal: call.signal })) {
        yield {
          ...(value === undefined ? {} : { group: groupMessage(value.group, value.ownOrder) }),
          resumeToken: position === undefined ? '' : encodePageToken({ version: String(position) }),
        };
      }
    },

    async listOrders(request, call) {
      const customer = requireCaller(call, 'customer').id;
      const { items, nextPageToken } = await listPage(
        orderList,
        request,
        (query) => store.orders(customer, query),
        (order) => ({ time: order.createTime, id: order.id }),
      );
      return { orders: items.map(orderMessage), nextPageToken };
    },

    async getOrder(request, call) {
      const order = await store.order(idOf(request.name));
      if (order === undefined || order.customer !== requireCaller(call, 'customer').id) throw notFound(request.name);
      return orderMessage(order);
    },

    async cancelOrder(request, call) {
      const customer = requireCaller(call, 'customer').id;
      const id = idOf(request.name);
      const committed = await store.changeOrder(id, (order, group) => {
        if (order.customer !== customer) throw notFound(request.name);
        const change = cancelOrder(order, group, 'CUSTOMER');
        if (change === undefined) {
          throw failedPrecondition('ORDER_SHIPPED', 'the order has been shipped and can no longer be cancelled', {
            resource: request.name,
          });
        }
        return change;
      });
      if (committed === undefined) throw notFound(request.name);
      publish(call, committed.events);
      const order = committed.change.orders[0] ?? (await store.order(id));
      if (order === undefined) throw notFound(request.name);
      return orderMessage(order);
    },
  };
}

/** Says in the API's terms why an order was not placed. */
async function refusing<T>(target: string, place: () => Promise<T | undefined>): Promise<T> {
  try {
    const placed = await place();
    if (placed === undefined) throw notFound(target);
    return placed;
  } catch (error) {
    if (error instanceof PlacementRefused) throw failedPrecondition(error.refusal, refusalMessages[error.refusal], { resource: target });
    throw error;
  }
}

/** The answer to a placement, but for its payment. */
function encodePlacement(change: Change): Uint8Array {
  const [order] = change.orders;
  if (order === undefined || change.group === undefined) throw new Error('a placement has an order and a group');
  const response = { group: groupMessage(change.group, order.id), order: orderMessage(order) };
  return toBinary(OpenGroupResponseSchema, create(OpenGroupResponseSchema, response));
}

function resumeVersion(token: string): bigint {
  const version = decodePageToken(token, 'resume_token')['version'] ?? '';
  if (!/^\d{1,18}$/.test(version)) {
    throw invalidArgument('resume_token is not of this stream', [
      { field: 'resume_token', description: 'must be the last resume_token received' },
    ]);
  }
  return BigInt(version);
}
