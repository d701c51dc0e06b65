import { bind } from '../chassis/bind.ts';
import { businessNow } from '../chassis/business-time.ts';
import type { StartContext, Started } from '../chassis/start-service.ts';
import { createHistory, inboxTable, requestsTable } from '../cloud/history.ts';
import { openSchema } from '../cloud/open-schema.ts';
import { PartnerInternalService } from '../contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { PartnerService } from '../contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import type { config as shape } from './config.ts';
import { identityBindings } from './identity-bindings.ts';
import { partnerInternalService } from './internal-service.ts';
import { partnerService } from './service.ts';
import { PartnerStore } from './store.ts';

/** Wires the service. */
export function compose({ config }: StartContext<typeof shape>): Started {
  const now = businessNow;
  const { database, outbox, close } = openSchema('partner', config, now);
  const history = createHistory({ schema: 'partner', tables: [inboxTable, requestsTable], database, now });
  const store = new PartnerStore({ database, outbox, now });
  return {
    bindings: [
      bind(PartnerService, partnerService({ store, outbox, now })),
      bind(PartnerInternalService, partnerInternalService({ store, outbox, history, now })),
      ...identityBindings(config, database),
    ],
    close,
  };
}
