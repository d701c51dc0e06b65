import type { HttpDispatcher } from '../push/http-dispatcher.ts';
import { pushBody } from './push-body.ts';
import type { Received, Subscriber } from './subscriber.ts';

// https://cloud.google.com/pubsub/docs/push#receive_push: these acknowledge, everything else is a nack.
const acknowledging = new Set([102, 200, 201, 202, 204]);

/**
 * Pushes at most `concurrency` messages of a subscription at one time, each within its ack deadline, until the subscriber is closed.
 * The result takes up what is ready: to call when the subscription has become a push subscription.
 */
export function createPushLoop(subscriber: Subscriber, dispatcher: HttpDispatcher, concurrency: number): () => void {
  let underWay = 0;

  const push = async (received: Received): Promise<void> => {
    const { name, pushConfig, ackDeadlineSeconds } = subscriber.spec;
    const oidcToken = pushConfig?.oidcToken;
    const outcome = await dispatcher.send({
      url: pushConfig?.pushEndpoint ?? '',
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'CloudPubSub-Google', from: 'noreply@google.com' },
      body: pushBody(name, received),
      identity: oidcToken ? { email: oidcToken.serviceAccountEmail, audience: oidcToken.audience } : null,
      timeoutMs: ackDeadlineSeconds * 1000,
    });
    if (subscriber.closed) return;
    if (outcome.kind === 'answered' && acknowledging.has(outcome.status)) subscriber.ack([received.ackId]);
    else subscriber.modifyDeadline([received.ackId], 0);
  };

  const pump = () => {
    while (!subscriber.closed && subscriber.spec.pushConfig !== null && underWay < concurrency) {
      // The dispatcher's timeout ends the delivery, so the lease itself has no deadline.
      const [received] = subscriber.take(1, Number.POSITIVE_INFINITY);
      if (received === undefined) return;
      underWay += 1;
      void push(received).finally(() => {
        underWay -= 1;
        pump();
      });
    }
  };
  subscriber.onChange(pump);
  return pump;
}
