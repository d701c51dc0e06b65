import assert from 'node:assert/strict';
import { type Message, PubSub, type Subscription, type Topic, v1 } from '@google-cloud/pubsub';
import { credentials } from '@grpc/grpc-js';
import type { RecordedRequest, RecordingEndpoint } from './recording-endpoint.ts';

/** What a case works with: fresh names, the unmodified clients, an endpoint to push to. */
export interface EventsBench {
  readonly pubsub: PubSub;
  readonly publisher: v1.PublisherClient;
  readonly subscriber: v1.SubscriberClient;
  readonly endpoint: RecordingEndpoint;
  /** An id that no other case has. */
  readonly id: (name: string) => string;
}

/** Opens the clients for a Pub/Sub at host:port. */
export function openEventsBench(host: string, endpoint: RecordingEndpoint, id: (name: string) => string): EventsBench {
  const [servicePath = '', port] = host.split(':');
  const projectId = 'kumiko-local';
  const options = { projectId, servicePath, port: Number(port), sslCreds: credentials.createInsecure() };
  return {
    pubsub: new PubSub({ projectId, apiEndpoint: host, emulatorMode: true }),
    publisher: new v1.PublisherClient(options),
    subscriber: new v1.SubscriberClient(options),
    endpoint,
    id,
  };
}

/** The account and audience that the cases ask push tokens for. */
export const pushIdentity = { serviceAccountEmail: 'pusher@kumiko-local.iam.gserviceaccount.com', audience: 'https://jobs.example' };

type SubscriptionOptions = Parameters<Topic['createSubscription']>[1] & object;

/** A topic with a pull subscription, both with the id of `label`. */
export async function pullPair({ pubsub, id }: EventsBench, options: SubscriptionOptions = {}, label = 'pull') {
  const [created] = await pubsub.createTopic(id(label));
  const topic = pubsub.topic(created.name, { messageOrdering: true, batching: { maxMessages: 1 } });
  const [subscription] = await topic.createSubscription(id(label), options);
  return { topic, subscription, name: subscription.name, id: id(label) };
}

/** A topic with a subscription that is pushed to the endpoint. */
export function pushPair(bench: EventsBench, options: SubscriptionOptions) {
  return pullPair(bench, { pushConfig: { pushEndpoint: `${bench.endpoint.url}/push`, oidcToken: pushIdentity }, ...options }, 'push');
}

/** Pulls until something comes. */
export async function pull({ subscriber }: EventsBench, subscription: string, maxMessages = 10) {
  for (;;) {
    const [{ receivedMessages }] = await subscriber.pull({ subscription, maxMessages });
    if (receivedMessages?.length) return receivedMessages;
  }
}

/** The first `count` messages of a StreamingPull. */
export function stream(subscription: Subscription, count: number, take: (message: Message) => void): Promise<Message[]> {
  const messages: Message[] = [];
  return new Promise<Message[]>((resolve, reject) => {
    subscription.on('error', reject);
    subscription.on('message', (message: Message) => {
      take(message);
      if (messages.push(message) === count) resolve(messages);
    });
  }).finally(() => subscription.close());
}

/** The data of a pushed message as text. */
export function pushedText({ body }: RecordedRequest): string {
  return Buffer.from(JSON.parse(body).message.data, 'base64').toString();
}

/** Fails unless the promise rejects with this gRPC status code. */
export async function rejectsWith(promise: Promise<unknown>, code: number): Promise<void> {
  await assert.rejects(promise, (error: { code?: number }) => {
    assert.equal(error.code, code);
    return true;
  });
}
