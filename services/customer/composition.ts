import { businessNow } from '../platform/chassis/process/business-time.ts';
import type { StartContext, Started } from '../platform/chassis/process/start-service.ts';
import { bind } from '../platform/chassis/server/bind.ts';
import { inboxTable, requestsTable } from '../platform/cloud/spanner/history.ts';
import { openPublishingSchema } from '../platform/cloud/spanner/open-schema.ts';
import { CustomerAdminService } from '../platform/contracts/gen/types/kumiko/customer/v1/admin_pb.js';
import { CustomerService } from '../platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { CustomerInternalService } from '../platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import { EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { customerAdminService } from './admin-service.ts';
import { customerInternalService } from './internal-service.ts';
import type { manifest } from './manifest.ts';
import { customerService } from './service.ts';
import { Settlement } from './settlement.ts';
import { CustomerStore } from './store/store.ts';
import { YamapayClient } from './yamapay-client.ts';

/** Wires the service. */
export function compose({ config }: StartContext<typeof manifest>): Started {
  const now = businessNow;
  const { database, outbox, maintenance, close } = openPublishingSchema({
    schema: 'customer',
    config,
    now,
    eventType: EventSchema,
    keptTables: [inboxTable, requestsTable],
  });
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
      bind(CustomerInternalService, customerInternalService({ store, outbox, settlement, now })),
      bind(CustomerAdminService, customerAdminService({ store })),
      maintenance,
    ],
    close,
  };
}
