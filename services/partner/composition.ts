import { bind } from '../chassis/bind.ts';
import type { StartContext, Started } from '../chassis/start-service.ts';
import { createHistory, inboxTable, requestsTable } from '../cloud/history.ts';
import { openSchema } from '../cloud/open-schema.ts';
import { PartnerAdminService, PartnerTokenService } from '../contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import { PartnerInternalService } from '../contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { PartnerService } from '../contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { partnerAdminService } from './admin-service.ts';
import type { config as shape } from './config.ts';
import { partnerInternalService } from './internal-service.ts';
import { partnerService } from './service.ts';
import { openSigningKeys } from './signing-keys.ts';
import { PartnerStore } from './store.ts';
import { IdentityStore } from './store-identity.ts';
import { partnerTokenService } from './token-service.ts';

/** Wires the service. */
export function compose({ config }: StartContext<typeof shape>): Started {
  const now = () => new Date();
  const { database, outbox, close } = openSchema('partner', config, now);
  const history = createHistory({ schema: 'partner', tables: [inboxTable, requestsTable], database, now });
  const store = new PartnerStore({ database, outbox, now });
  const identities = new IdentityStore({ database, now });
  return {
    bindings: [
      bind(PartnerService, partnerService({ store, outbox, now })),
      bind(PartnerInternalService, partnerInternalService({ store, outbox, history, now })),
      bind(PartnerAdminService, partnerAdminService({ store: identities, now })),
      bind(
        PartnerTokenService,
        partnerTokenService({
          store: identities,
          keys: openSigningKeys(config.PARTNER_SIGNING_KEYS),
          issuer: config.PARTNER_ISSUER,
          audience: config.PARTNER_AUDIENCE,
          tokenEndpoint: config.PARTNER_TOKEN_ENDPOINT,
          now,
        }),
      ),
    ],
    close,
  };
}
