import type { Handlers } from '../chassis/call.ts';
import type { History } from '../cloud/history.ts';
import type { Outbox } from '../cloud/outbox.ts';
import { relayOutbox } from '../cloud/relay-outbox.ts';
import type { WebhookInternalService } from '../contracts/gen/types/kumiko/webhook/v1/internal_pb.js';

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
