import { fromMs } from '../google-api/protobuf-time.ts';
import type { Received } from './subscriber.ts';

/** google.pubsub.v1.ReceivedMessage. */
export function receivedMessage({ ackId, message, deliveryAttempt }: Received) {
  const { data, attributes, orderingKey } = message;
  return {
    ackId,
    deliveryAttempt,
    message: { data, attributes, orderingKey, messageId: String(message.messageId), publishTime: fromMs(message.publishMs) },
  };
}
