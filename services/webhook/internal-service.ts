import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Handlers } from '../platform/chassis/server/call.ts';
import type { WebhookInternalService } from '../platform/contracts/gen/types/kumiko/webhook/v1/internal_pb.js';
import type { WebhookStore } from './store/store.ts';

const mostEvents = 100;

/** The handlers of kumiko.webhook.v1.WebhookInternalService. */
export function webhookInternalService({ store }: { readonly store: WebhookStore }): Handlers<typeof WebhookInternalService> {
  return {
    async findProviderEvents({ subjects }) {
      const events = await store.about(subjects, mostEvents);
      return {
        events: events.map(({ provider, id, kind, type, subject, receiveTime }) => ({
          name: `providers/${provider}/events/${id}`,
          kind,
          type,
          subject,
          receiveTime: timestampFromDate(receiveTime),
        })),
      };
    },
  };
}
