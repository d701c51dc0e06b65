import type { DescMessage } from '@bufbuild/protobuf';
import { SpanKind } from '@opentelemetry/api';
import { inSpan } from '../../contracts/in-span.ts';
import { activeTraceparent } from '../../contracts/traceparent.ts';
import type { EventPublisher } from './event-publisher.ts';
import { messageOf, type OutboxRow } from './outbox-rows.ts';

/** Publishes a row in the trace that its event was made in, also where a relay does it later, and has the consumers continue that trace. */
export async function sendRow(publisher: EventPublisher, type: DescMessage, row: OutboxRow): Promise<void> {
  const { topic, message } = messageOf(type, row);
  const { event_id: id, event_type: kind, traceparent: origin } = row.attributes;
  // https://opentelemetry.io/docs/specs/semconv/messaging/gcp-pubsub/
  const attributes = {
    'messaging.system': 'gcp_pubsub',
    'messaging.operation.type': 'send',
    'messaging.destination.name': topic,
    'messaging.gcp_pubsub.message.ordering_key': row.aggregate,
    'kumiko.event.id': id,
    'kumiko.event.type': kind,
  };
  await inSpan(`send ${topic}`, { kind: SpanKind.PRODUCER, attributes, continues: origin }, () => {
    const traceparent = activeTraceparent() ?? origin;
    return publisher.publish(topic, {
      ...message,
      attributes: { ...message.attributes, ...(traceparent !== undefined && { traceparent }) },
    });
  });
}
