import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Clock } from '../../shared/local-server.ts';
import { invalidArgument } from '../google-api/api-error.ts';
import { limited, unary } from '../google-api/grpc-server.ts';
import { type PageRequest, pageOf } from '../google-api/page.ts';
import type { Broker } from './broker.ts';
import { receivedMessage } from './received-message.ts';
import type { PushConfig, Subscription } from './resources.ts';
import { streamingPull } from './streaming-pull.ts';
import type { Received, Subscriber } from './subscriber.ts';

// How long a Pull without messages waits before it answers with none.
const pullWaitMs = 10_000;

/** Of an acknowledgement and of a change of deadlines, in bytes: https://cloud.google.com/pubsub/quotas#resource_limits */
const maxAckBytes = 512 * 1024;

/** In one answer, whatever a pull asks for. */
const maxPulledMessages = 1000;

interface UpdateSubscriptionRequest {
  readonly subscription: Subscription | null;
  readonly updateMask: { readonly paths: readonly string[] } | null;
}

interface AckRequest {
  readonly subscription: string;
  readonly ackIds: readonly string[];
}

interface PullRequest {
  readonly subscription: string;
  readonly maxMessages: number;
  readonly returnImmediately: boolean;
}

/** The methods of google.pubsub.v1.Subscriber that the local server has; the others answer UNIMPLEMENTED. */
export function subscriberService(broker: Broker, clock: Clock): UntypedServiceImplementation {
  return {
    CreateSubscription: unary((subscription: Subscription) => broker.createSubscription(subscription)),
    GetSubscription: unary(({ subscription }: { subscription: string }) => broker.subscriber(subscription).spec),
    UpdateSubscription: unary(({ subscription, updateMask }: UpdateSubscriptionRequest) => {
      if (subscription === null || !updateMask?.paths.length) throw invalidArgument('subscription and update_mask are required');
      const changes = updateMask.paths.map((path) => {
        const field = (path.split('.')[0] ?? '').replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
        if (!(field in subscription)) throw invalidArgument(`update_mask: a subscription has no field ${path}`);
        const value: unknown = Reflect.get(subscription, field);
        return [field, value];
      });
      return broker.updateSubscription({ ...broker.subscriber(subscription.name).spec, ...Object.fromEntries(changes) });
    }),
    ModifyPushConfig: unary(({ subscription, pushConfig }: { subscription: string; pushConfig: PushConfig | null }) => {
      broker.updateSubscription({ ...broker.subscriber(subscription).spec, pushConfig });
      return {};
    }),
    ListSubscriptions: unary(({ project, ...request }: PageRequest & { project: string }) => {
      const own = broker.subscribers().filter(({ spec }) => spec.name.startsWith(`${project}/`));
      const { items, nextPageToken } = pageOf(own, ({ spec }) => spec.name, request);
      return { subscriptions: items.map(({ spec }) => spec), nextPageToken };
    }),
    DeleteSubscription: unary(({ subscription }: { subscription: string }) => {
      broker.deleteSubscription(subscription);
      return {};
    }),
    Acknowledge: unary(
      limited(maxAckBytes, ({ subscription, ackIds }: AckRequest) => {
        const subscriber = broker.subscriber(subscription);
        if (ackIds.length === 0) throw invalidArgument('ack_ids must not be empty');
        subscriber.ack(ackIds);
        return {};
      }),
    ),
    ModifyAckDeadline: unary(
      limited(maxAckBytes, ({ subscription, ackIds, ackDeadlineSeconds }: AckRequest & { ackDeadlineSeconds: number }) => {
        const subscriber = broker.subscriber(subscription);
        if (ackIds.length === 0) throw invalidArgument('ack_ids must not be empty');
        if (ackDeadlineSeconds < 0 || ackDeadlineSeconds > 600) throw invalidArgument('ack_deadline_seconds has to be from 0 to 600');
        subscriber.modifyDeadline(ackIds, ackDeadlineSeconds);
        return {};
      }),
    ),
    Pull: unary(async ({ subscription, maxMessages, returnImmediately }: PullRequest, signal) => {
      if (maxMessages <= 0) throw invalidArgument('max_messages has to be positive');
      const subscriber = broker.subscriber(subscription);
      if (!returnImmediately && subscriber.spec.pushConfig === null) await somethingReady(subscriber, clock, signal);
      return { receivedMessages: pullable(subscriber, maxMessages, signal).map(receivedMessage) };
    }),
    StreamingPull: streamingPull(broker),
  };
}

function pullable(subscriber: Subscriber, most: number, signal: AbortSignal): Received[] {
  return signal.aborted || subscriber.spec.pushConfig !== null ? [] : subscriber.take(Math.min(most, maxPulledMessages));
}

function somethingReady(subscriber: Subscriber, clock: Clock, signal: AbortSignal): Promise<void> {
  if (subscriber.hasReady) return Promise.resolve();
  return new Promise((resolve) => {
    const check = () => {
      if (subscriber.hasReady) finish();
    };
    const finish = () => {
      stopListening();
      cancelWait();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const stopListening = subscriber.onChange(check);
    const cancelWait = clock.schedule(pullWaitMs, finish);
    signal.addEventListener('abort', finish);
  });
}
