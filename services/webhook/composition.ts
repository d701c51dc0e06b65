import { businessNow } from '../platform/chassis/process/business-time.ts';
import type { StartContext, Started } from '../platform/chassis/process/start-service.ts';
import { bind } from '../platform/chassis/server/bind.ts';
import { openPublishingSchema } from '../platform/cloud/spanner/open-schema.ts';
import { EventSchema } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { WebhookAdminService } from '../platform/contracts/gen/types/kumiko/webhook/v1/admin_pb.js';
import { WebhookInternalService } from '../platform/contracts/gen/types/kumiko/webhook/v1/internal_pb.js';
import { WebhookService } from '../platform/contracts/gen/types/kumiko/webhook/v1/webhook_pb.js';
import { webhookAdminService } from './admin-service.ts';
import { webhookInternalService } from './internal-service.ts';
import type { manifest } from './manifest.ts';
import { webhookService } from './service.ts';
import { keptTables, WebhookStore } from './store/store.ts';

/** Wires the service. */
export function compose({ config }: StartContext<typeof manifest>): Started {
  const now = businessNow;
  const { database, outbox, maintenance, close } = openPublishingSchema({
    schema: 'webhook',
    config,
    now,
    eventType: EventSchema,
    keptTables,
  });
  const store = new WebhookStore({ database, outbox, now });
  return {
    bindings: [
      bind(WebhookService, webhookService({ store, outbox, profiles: config.WEBHOOK_PROFILES, now })),
      bind(WebhookAdminService, webhookAdminService({ store, outbox })),
      bind(WebhookInternalService, webhookInternalService({ store })),
      maintenance,
    ],
    close,
  };
}
