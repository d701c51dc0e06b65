import type { Handlers } from '../chassis/call.ts';
import type { History } from '../cloud/history.ts';
import type { Outbox } from '../cloud/outbox.ts';
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
    async relayOutbox({ limit }, call) {
      const { published, failed, error } = await outbox.publishPending(limit);
      if (failed > 0) call.logger.warn({ err: error, failed }, 'events wait for the next relay');
      return { published, failed };
    },

    async pruneHistory({ limit }) {
      return { deleted: await history.prune(limit) };
    },
  };
}
