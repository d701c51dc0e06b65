import { bind, runService } from '../chassis/run-service.ts';
import { config } from './config.ts';

runService({
  name: 'webhook',
  config,
  async start({ config }) {
    const [
      { WebhookInternalService },
      { WebhookService },
      { createHistory },
      { openSchema },
      { webhookService },
      { webhookInternalService },
      { keptTables, WebhookStore },
    ] = await Promise.all([
      import('../contracts/gen/types/kumiko/webhook/v1/internal_pb.js'),
      import('../contracts/gen/types/kumiko/webhook/v1/webhook_pb.js'),
      import('../cloud/history.ts'),
      import('../cloud/open-schema.ts'),
      import('./service.ts'),
      import('./internal-service.ts'),
      import('./store.ts'),
    ]);
    const now = () => new Date();
    const { database, outbox, close } = openSchema('webhook', config, now);
    const history = createHistory({ schema: 'webhook', tables: keptTables, database, now });
    const store = new WebhookStore({ database, outbox, now });
    return {
      bindings: [
        bind(WebhookService, webhookService({ store, outbox, profiles: config.WEBHOOK_PROFILES, now })),
        bind(WebhookInternalService, webhookInternalService({ outbox, history })),
      ],
      close,
    };
  },
});
