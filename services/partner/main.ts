import { bind, runService } from '../chassis/run-service.ts';
import { config } from './config.ts';

runService({
  name: 'partner',
  config,
  async start({ config }) {
    const [
      { PartnerAdminService, PartnerTokenService },
      { PartnerInternalService },
      { PartnerService },
      { createHistory, inboxTable, requestsTable },
      { openSchema },
      { partnerAdminService },
      { partnerTokenService },
      { partnerService },
      { partnerInternalService },
      { openSigningKeys },
      { PartnerStore },
      { IdentityStore },
    ] = await Promise.all([
      import('../contracts/gen/types/kumiko/partner/v1/identity_pb.js'),
      import('../contracts/gen/types/kumiko/partner/v1/internal_pb.js'),
      import('../contracts/gen/types/kumiko/partner/v1/partner_pb.js'),
      import('../cloud/history.ts'),
      import('../cloud/open-schema.ts'),
      import('./admin-service.ts'),
      import('./token-service.ts'),
      import('./service.ts'),
      import('./internal-service.ts'),
      import('./signing-keys.ts'),
      import('./store.ts'),
      import('./store-identity.ts'),
    ]);
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
  },
});
