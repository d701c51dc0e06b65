import { businessNow } from '../platform/chassis/process/business-time.ts';
import type { StartContext, Started } from '../platform/chassis/process/start-service.ts';
import { bind } from '../platform/chassis/server/bind.ts';
import { connectServices } from '../platform/cloud/connect-services.ts';
import { inboxTable, requestsTable } from '../platform/cloud/spanner/history.ts';
import { openPublishingSchema } from '../platform/cloud/spanner/open-schema.ts';
import { CustomerInternalService } from '../platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import { EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { PartnerInternalService } from '../platform/contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { PartnerService } from '../platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { customerOrders } from './customer-orders.ts';
import { identityBindings } from './identity-bindings.ts';
import { partnerInternalService } from './internal-service.ts';
import type { manifest } from './manifest.ts';
import { partnerService } from './service.ts';
import { PartnerStore } from './store/store.ts';

/** Wires the service. */
export function compose({ config, logger }: StartContext<typeof manifest>): Started {
  const now = businessNow;
  const { database, outbox, maintenance, close } = openPublishingSchema({
    schema: 'partner',
    config,
    now,
    eventType: EventSchema,
    keptTables: [inboxTable, requestsTable],
  });
  const services = connectServices(config, logger);
  const customer = services.client(CustomerInternalService);
  const store = new PartnerStore({ database, outbox, now });
  return {
    bindings: [
      bind(PartnerService, partnerService({ store, outbox, orders: customerOrders(customer), now })),
      bind(PartnerInternalService, partnerInternalService({ store, outbox, now })),
      maintenance,
      ...identityBindings(config, database),
    ],
    async close() {
      services.close();
      await close();
    },
  };
}
