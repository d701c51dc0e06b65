import { listOf, listPage } from '../platform/chassis/api/list-page.ts';
import type { Handlers } from '../platform/chassis/server/call.ts';
import { type CustomerAdminService, ListOverdueGroupsRequestSchema } from '../platform/contracts/gen/types/kumiko/customer/v1/admin_pb.js';
import { GroupSchema } from '../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { groupMessage } from './messages.ts';
import type { CustomerStore } from './store/store.ts';

const overdueList = listOf(ListOverdueGroupsRequestSchema, GroupSchema, { order: { field: 'expire_time', descending: false } });

/** The handlers of kumiko.customer.v1.CustomerAdminService. */
export function customerAdminService({ store }: { readonly store: CustomerStore }): Handlers<typeof CustomerAdminService> {
  return {
    async listOverdueGroups(request) {
      const { items, nextPageToken } = await listPage(
        overdueList,
        request,
        (query) => store.overdueGroupsPage(query),
        (group) => ({ time: group.expireTime, id: group.id }),
      );
      return { groups: items.map((group) => groupMessage(group, undefined)), nextPageToken };
    },
  };
}
