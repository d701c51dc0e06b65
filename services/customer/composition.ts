import { businessNow } from '../platform/chassis/process/business-time.ts';
import type { StartContext, Started } from '../platform/chassis/process/start-service.ts';
import { bind } from '../platform/chassis/server/bind.ts';
import { createHistory, inboxTable, requestsTable } from '../platform/cloud/spanner/history.ts';
import { openSchema } from '../platform/cloud/spanner/open-schema.ts';
import { CustomerService } from '../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { CustomerInternalService } from '../platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import type { config as shape } from './config.ts';
import { customerInternalService } from './internal-service.ts';
import { customerService } from './service.ts';
import { Settlement } from './settlement.ts';
import { CustomerStore } from './store/store.ts';
import { YamapayClient } from './yamapay-client.ts';

/** Wires the service. */
export function compose({ config }: StartContext<typeof shape>): Started {
  const now = businessNow;
  const { database, outbox, close } = openSchema('customer', config, now);
  const history = createHistory({ schema: 'customer', tables: [inboxTable, requestsTable], database, now });
  const store = new CustomerStore({ database, outbox, now });
  const provider = new YamapayClient({
    name: config.PAYMENT_PROVIDER,
    url: config.PAYMENT_PROVIDER_URL,
    key: config.PAYMENT_PROVIDER_KEY,
  });
  const settlement = new Settlement({ store, provider, now });
  return {
    bindings: [
      bind(CustomerService, customerService({ store, outbox, settlement, provider: provider.name, now })),
      bind(CustomerInternalService, customerInternalService({ store, outbox, history, settlement, now })),
    ],
    close,
  };
}
