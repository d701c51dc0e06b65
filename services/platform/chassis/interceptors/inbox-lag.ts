import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import { isReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import { histogramOf, instruments } from '../../contracts/instruments.ts';
import type { Interceptor } from '../server/served-method.ts';

/**
 * Measures for each event that a subscription has brought how long ago it was published when it had been handled, its failed attempts included. Not the age of
 * the oldest event that is not handled: that is known to Pub/Sub, which says it itself (`oldest_unacked_message_age`), and not to a subscriber that is not asked.
 * What an event waits before it is published is in the publisher's outbox, and measured there.
 */
export function inboxLag(): Interceptor {
  const lag = histogramOf(instruments.inboxLag);
  return (next, { desc, fullName, policy }) => {
    if (policy?.trigger?.kind.case !== 'subscription') return next;
    const publishTime = publishTimeOf(desc.input);
    const attributes = { 'rpc.method': fullName };
    return async (call) => {
      const outcome = await next(call);
      const publishedMs = call.request === undefined ? undefined : publishTime(call.request);
      // Pub/Sub's clock is not this machine's.
      if (outcome.code === status.OK && publishedMs !== undefined) lag.record(Math.max(0, Date.now() - publishedMs) / 1_000, attributes);
      return outcome;
    };
  };
}

/** Where a push says when its message was published: `message.publish_time`, in milliseconds (https://docs.cloud.google.com/pubsub/docs/push#receive_push). */
function publishTimeOf(push: DescMessage): (request: Message) => number | undefined {
  const message = push.fields.find(({ name }) => name === 'message');
  const time = message?.message?.fields.find(({ name }) => name === 'publish_time');
  if (message?.fieldKind !== 'message' || !isTimestamp(time)) return () => undefined;
  return (request) => {
    const pushed = reflect(push, request).get(message);
    if (!isReflectMessage(pushed) || !pushed.isSet(time)) return undefined;
    const published = pushed.get(time);
    // By isTimestamp.
    return isReflectMessage(published) ? timestampMs(published.message as Timestamp) : undefined;
  };
}

function isTimestamp(field: DescField | undefined): field is DescField & { readonly fieldKind: 'message' } {
  return field?.fieldKind === 'message' && field.message.typeName === 'google.protobuf.Timestamp';
}
