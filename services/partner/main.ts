import { bind, runService } from '../chassis/run-service.ts';
import { PartnerInternalService } from '../contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { PartnerService } from '../contracts/gen/types/kumiko/partner/v1/partner_pb.js';

runService({
  name: 'partner',
  config: {},
  async start({ config }) {
    const [{ openSchema }, { partnerService }, { partnerInternalService }, { PartnerStore }] = await Promise.all([
      import('../cloud/open-schema.ts'),
      import('./service.ts'),
      import('./internal-service.ts'),
      import('./store.ts'),
    ]);
    const now = () => new Date();
    const { database, outbox, close } = openSchema('partner', config, now);
    const store = new PartnerStore({ database, outbox, now });
    return {
      bindings: [
        bind(PartnerService, partnerService({ store, outbox, now })),
        bind(PartnerInternalService, partnerInternalService({ store, outbox, now })),
      ],
      close,
    };
  },
});
