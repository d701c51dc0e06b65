import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { SpanKind } from '@opentelemetry/api';
import { listOf, listPage } from '../platform/chassis/api/list-page.ts';
import { notFound } from '../platform/chassis/errors/rpc-error.ts';
import type { Call, Handlers } from '../platform/chassis/server/call.ts';
import type { Outbox } from '../platform/cloud/events/outbox.ts';
import {
  ListRefusedEventsRequestSchema,
  RefusedEventSchema,
  type WebhookAdminService,
} from '../platform/contracts/gen/types/kumiko/webhook/v1/admin_pb.js';
import { inSpan } from '../platform/contracts/in-span.ts';
import { readProviderEvent } from './domain/provider-event.ts';
import { type EventKey, positionOf, type WebhookStore } from './store/store.ts';

/** What the handlers need. */
interface WebhookAdminServiceOptions {
  readonly store: WebhookStore;
  readonly outbox: Outbox;
}

const refusedList = listOf(ListRefusedEventsRequestSchema, RefusedEventSchema, { order: { field: 'receive_time', descending: true } });

const replayedUnlessTold = 100;

/** The handlers of kumiko.webhook.v1.WebhookAdminService. */
export function webhookAdminService({ store, outbox }: WebhookAdminServiceOptions): Handlers<typeof WebhookAdminService> {
  /** Whether the event is understood now, or was already; undefined where there is none. */
  async function replay(key: EventKey, call: Call): Promise<'replayed' | 'refused' | 'known' | undefined> {
    const attributes = { 'kumiko.webhook.provider': key.provider, 'kumiko.webhook.event': key.id };
    const settled = await inSpan('replay webhook', { kind: SpanKind.INTERNAL, attributes }, () =>
      store.settle(key, (kind, body) => ({ event: readProviderEvent(kind, key.provider, body), body })),
    );
    if (settled === undefined) return undefined;
    const { refusal, events } = settled;
    if (refusal !== undefined) return 'refused';
    if (events.length === 0) return 'known';
    call.afterResponse(() => outbox.publish(events));
    return 'replayed';
  }

  return {
    async listRefusedEvents(request) {
      const { items, nextPageToken } = await listPage(refusedList, request, ({ after, limit }) => store.refused(after, limit), positionOf);
      const refusedEvents = items.map(({ provider, id, kind, type, refusal, receiveTime }) => ({
        name: `providers/${provider}/events/${id}`,
        kind,
        type,
        reason: refusal,
        receiveTime: timestampFromDate(receiveTime),
      }));
      return { refusedEvents, nextPageToken };
    },

    async replayRefusedEvents({ name, limit }, call) {
      const keys = name === '' ? await store.oldestRefused(limit || replayedUnlessTold) : [keyOf(name)];
      const total = { replayed: 0, refused: 0 };
      for (const key of keys) {
        const result = await replay(key, call);
        if (result === undefined && name !== '') throw notFound(name);
        if (result === 'replayed' || result === 'refused') total[result] += 1;
      }
      if (keys.length > 0) call.logger.info(total, 'refused webhooks replayed');
      return total;
    },
  };
}

/** Of "providers/{provider}/events/{event}", whose form has been validated. The event's id may have slashes of its own. */
function keyOf(name: string): EventKey {
  const [, provider = '', , ...id] = name.split('/');
  return { provider, id: id.join('/') };
}
