import { status } from '@grpc/grpc-js';
import { SpanKind } from '@opentelemetry/api';
import { invalidArgument, notFound, RpcError } from '../platform/chassis/errors/rpc-error.ts';
import type { Call, Handlers } from '../platform/chassis/server/call.ts';
import type { Outbox } from '../platform/cloud/events/outbox.ts';
import type { WebhookService } from '../platform/contracts/gen/types/kumiko/webhook/v1/webhook_pb.js';
import { inSpan } from '../platform/contracts/in-span.ts';
import { NotAnEvent, type ProviderEvent, type ProviderKind, readProviderEvent } from './domain/provider-event.ts';
import { checkSignature } from './domain/signature.ts';
import type { Profiles } from './profiles.ts';
import type { WebhookStore } from './store/store.ts';

/** What the handlers need. */
interface WebhookServiceOptions {
  readonly store: WebhookStore;
  readonly outbox: Outbox;
  readonly profiles: Profiles;
  readonly now: () => Date;
}

/** The handlers of kumiko.webhook.v1.WebhookService. */
export function webhookService({ store, outbox, profiles, now }: WebhookServiceOptions): Handlers<typeof WebhookService> {
  async function receive(kind: ProviderKind, provider: string, body: Uint8Array, call: Call): Promise<object> {
    const profile = profiles.find(kind, provider);
    if (profile === undefined) throw notFound(`webhooks/${kind}s/${provider}`);
    const header = call.metadata.get(profile.header)[0]?.toString();
    const fault = checkSignature(profile, header, body, now());
    if (fault !== undefined) {
      call.logger.warn({ provider, fault }, 'webhook refused: signature');
      throw new RpcError({
        code: status.UNAUTHENTICATED,
        reason: 'SIGNATURE_INVALID',
        message: `the ${profile.header} header does not hold`,
      });
    }
    const event = read(kind, provider, body, call);
    // The provider's request has a trace of its own; what it causes belongs to the order's, and is linked with the request. Only now is it known to be signed.
    const attributes = { 'kumiko.webhook.kind': kind, 'kumiko.webhook.provider': provider, 'kumiko.webhook.event': event.id };
    await inSpan(`process ${kind} webhook`, { kind: SpanKind.CONSUMER, attributes, continues: event.told?.traceparent }, async () => {
      const { isNew, events } = await store.keep({ provider, kind, event, body });
      if (isNew) logUnknown(event, provider, call);
      if (events.length > 0) call.afterResponse(() => outbox.publish(events));
    });
    return {};
  }

  return {
    receivePaymentEvent: ({ provider, payload }, call) => receive('payment', provider, payload?.data ?? new Uint8Array(), call),
    receiveShipmentEvent: ({ carrier, payload }, call) => receive('shipment', carrier, payload?.data ?? new Uint8Array(), call),
  };
}

/** Whoever signed it means it: what cannot be read is an operator's business, and the provider's, who sends it again. */
function read(kind: ProviderKind, provider: string, body: Uint8Array, call: Call): ProviderEvent {
  try {
    return readProviderEvent(kind, provider, body);
  } catch (error) {
    if (!(error instanceof NotAnEvent)) throw error;
    // The metric of refused webhooks is made of webhookRefusal, here and below (deploy/infra/log-metrics.ts).
    call.logger.error({ provider, webhookRefusal: error.message }, 'webhook refused: not an event');
    throw invalidArgument(`the body is not an event: ${error.message}`, [{ field: 'payload.data', description: error.message }]);
  }
}

/** Says once of each event that is not told on what keeps it: a type that is none of ours, or a fault that makes a known one unreadable. */
function logUnknown({ id, type, told, refusal }: ProviderEvent, provider: string, call: Call): void {
  if (refusal !== undefined) call.logger.error({ provider, type, event: id, webhookRefusal: refusal }, 'webhook kept, refused');
  else if (told === undefined) call.logger.warn({ provider, type, event: id }, 'webhook kept, not understood');
}
