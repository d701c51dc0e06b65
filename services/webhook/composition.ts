import { businessNow } from '../platform/chassis/process/business-time.ts';
import type { StartContext, Started } from '../platform/chassis/process/start-service.ts';
import { bind } from '../platform/chassis/server/bind.ts';
import { createHistory } from '../platform/cloud/spanner/history.ts';
import { openSchema } from '../platform/cloud/spanner/open-schema.ts';
import { WebhookAdminService } from '../platform/contracts/gen/types/kumiko/webhook/v1/admin_pb.js';
import { WebhookInternalService } from '../platform/contracts/gen/types/kumiko/webhook/v1/internal_pb.js';
import { WebhookService } from '../platform/contracts/gen/types/kumiko/webhook/v1/webhook_pb.js';
import { webhookAdminService } from './admin-service.ts';
import type { config as shape } from './config.ts';
import { webhookInternalService } from './internal-service.ts';
import { webhookService } from './service.ts';
import { keptTables, WebhookStore } from './store/store.ts';

/** Wires the service. */
export function compose({ config }: StartContext<typeof shape>): Started {
  const now = businessNow;
  const { database, outbox, close } = openSchema('webhook', config, now);
  const history = createHistory({ schema: 'webhook', tables: keptTables, database, now });
  const store = new WebhookStore({ database, outbox, now });
  return {
    bindings: [
      bind(WebhookService, webhookService({ store, outbox, profiles: config.WEBHOOK_PROFILES, now })),
      bind(WebhookAdminService, webhookAdminService({ store, outbox })),
      bind(WebhookInternalService, webhookInternalService({ outbox, history })),
    ],
    close,
  };
}
