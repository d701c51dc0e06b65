import type { Received } from './subscriber.ts';

/**
 * The JSON of a wrapped push: https://cloud.google.com/pubsub/docs/push#receive_push
 * Pub/Sub sends id and time in both spellings; ordering key and delivery attempt only where there are any.
 */
export function pushBody(subscription: string, { message, deliveryAttempt }: Received): string {
  const publishTime = new Date(message.publishMs).toISOString();
  const messageId = String(message.messageId);
  return JSON.stringify({
    message: {
      data: Buffer.from(message.data).toString('base64'),
      attributes: message.attributes,
      messageId,
      message_id: messageId,
      publishTime,
      publish_time: publishTime,
      ...(message.orderingKey !== '' && { orderingKey: message.orderingKey }),
    },
    subscription,
    ...(deliveryAttempt > 0 && { deliveryAttempt }),
  });
}
