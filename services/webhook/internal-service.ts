import type { Handlers } from '../platform/chassis/server/call.ts';
import type { Outbox } from '../platform/cloud/events/outbox.ts';
import { relayOutbox } from '../platform/cloud/events/relay-outbox.ts';
import type { History } from '../platform/cloud/spanner/history.ts';
import type { WebhookInternalService } from '../platform/contracts/gen/types/kumiko/webhook/v1/internal_pb.js';

/** The handlers of kumiko.webhook.v1.WebhookInternalService. */
export function webhookInternalService({
  outbox,
  history,
}: {
  readonly outbox: Outbox;
  readonly history: History;
}): Handlers<typeof WebhookInternalService> {
  return {
    relayOutbox: ({ limit }, call) => relayOutbox(outbox, limit, call),

    async pruneHistory({ limit }) {
      return { deleted: await history.prune(limit) };
    },
  };
}
