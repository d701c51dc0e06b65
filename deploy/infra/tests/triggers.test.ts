import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listMethods, type Method } from '../../../services/platform/contracts/methods.ts';
import { readEnvironment } from '../../environments/environment.ts';
import { createPlatform } from '../platform.ts';
import { createdBy, ofType } from './created-resources.ts';

const resources = await createdBy(() => createPlatform(readEnvironment('production')));
const jobsGateway = 'https://jobs-gateway-123456789012.asia-northeast1.run.app';
const audience = 'https://jobs.kumiko-example.kumiko.internal';

// Read from the options themselves, so that a mistake in what derives triggers shows.
const declared = (kind: 'queue' | 'subscription' | 'schedule') => listMethods().filter(({ policy }) => policy?.trigger?.kind.case === kind);
const idOf = ({ desc }: Method) => desc.name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).slice(1);
const urlOf = ({ http }: Method) => `${jobsGateway}${http?.pattern.value}`;
const deadlineOf = ({ policy }: Method) => Number(policy?.deadline?.seconds);
/** Each topic of each method with a subscription trigger, and the name of its subscription. */
const subscribed = declared('subscription').flatMap((method) => {
  const kind = method.policy!.trigger!.kind;
  assert.ok(kind.case === 'subscription');
  return kind.value.topic.map((topic) => ({ method, topic, id: `${method.workload}-${topic}`, attempts: kind.value.maxDeliveryAttempts }));
});
const sorted = (names: Iterable<string>) => [...names].toSorted();

test('every queue trigger has its queue, and there is no other', () => {
  const queues = ofType(resources, 'Queue');
  assert.deepEqual(sorted(queues.map(({ inputs }) => inputs.name)), sorted(declared('queue').map(idOf)));
  for (const method of declared('queue')) {
    const { inputs } = queues.find(({ name }) => name === idOf(method))!;
    const kind = method.policy!.trigger!.kind;
    assert.ok(kind.case === 'queue');
    assert.equal(inputs.rateLimits.maxDispatchesPerSecond, kind.value.maxDispatchesPerSecond);
    assert.equal(inputs.rateLimits.maxConcurrentDispatches, kind.value.maxConcurrentDispatches);
    assert.equal(inputs.retryConfig.maxAttempts, kind.value.maxAttempts);
  }
});

test('every subscription trigger has its push subscription with an identity, an order and a dead letter, and there is no other', () => {
  const subscriptions = ofType(resources, 'Subscription');
  const pushes = subscriptions.filter(({ inputs }) => inputs.pushConfig !== undefined);
  assert.deepEqual(sorted(pushes.map(({ inputs }) => inputs.name)), sorted(subscribed.map(({ id }) => id)));
  for (const { method, topic: name, id, attempts } of subscribed) {
    const { inputs } = pushes.find((push) => push.name === id)!;
    const topic = `projects/kumiko-example/topics/${name}`;
    assert.equal(inputs.topic, topic);
    assert.deepEqual(inputs.pushConfig, {
      pushEndpoint: urlOf(method),
      oidcToken: { serviceAccountEmail: 'kumiko-pubsub@kumiko-example.iam.gserviceaccount.com', audience },
    });
    assert.equal(inputs.enableMessageOrdering, true);
    assert.deepEqual(inputs.expirationPolicy, { ttl: '' });
    assert.ok(inputs.ackDeadlineSeconds > deadlineOf(method) + 1, 'Pub/Sub waits longer than the gateway');
    assert.deepEqual(inputs.deadLetterPolicy, {
      deadLetterTopic: `projects/kumiko-example/topics/${id}-dead-letter`,
      maxDeliveryAttempts: attempts,
    });
    const kept = subscriptions.find((other) => other.inputs.topic === `projects/kumiko-example/topics/${id}-dead-letter`);
    assert.ok(kept, 'without a subscription dead letters would be gone');
    assert.equal(kept.inputs.pushConfig, undefined);
  }
});

test('Pub/Sub may move what it cannot deliver, and sign as its account', () => {
  const agent = 'serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com';
  const topics = ofType(resources, 'TopicIAMMember').filter(({ inputs }) => inputs.member === agent);
  const letters = subscribed.map(({ id }) => `${id}-dead-letter`);
  assert.deepEqual(sorted(topics.map(({ inputs }) => inputs.topic)), sorted(letters));
  const subscriptions = ofType(resources, 'SubscriptionIAMMember').filter(({ inputs }) => inputs.member === agent);
  assert.deepEqual(sorted(subscriptions.map(({ inputs }) => inputs.subscription)), sorted(subscribed.map(({ id }) => id)));
  const signs = resources.filter(({ inputs }) => inputs.member === agent && inputs.role === 'roles/iam.serviceAccountTokenCreator');
  assert.deepEqual(
    signs.map(({ inputs }) => inputs.serviceAccountId),
    ['projects/kumiko-example/serviceAccounts/kumiko-pubsub@kumiko-example.iam.gserviceaccount.com'],
  );
});

test('every schedule has its job with an identity, and there is no other', () => {
  const jobs = ofType(resources, 'Job');
  assert.deepEqual(sorted(jobs.map(({ inputs }) => inputs.name)), sorted(declared('schedule').map(idOf)));
  for (const method of declared('schedule')) {
    const { inputs } = jobs.find(({ name }) => name === idOf(method))!;
    const kind = method.policy!.trigger!.kind;
    assert.ok(kind.case === 'schedule');
    assert.equal(inputs.schedule, kind.value.cron);
    assert.equal(inputs.httpTarget.uri, urlOf(method));
    assert.equal(Buffer.from(inputs.httpTarget.body, 'base64').toString(), '{}');
    assert.deepEqual(inputs.httpTarget.oidcToken, {
      serviceAccountEmail: 'kumiko-scheduler@kumiko-example.iam.gserviceaccount.com',
      audience,
    });
    assert.ok(Number(inputs.attemptDeadline.slice(0, -1)) > deadlineOf(method) + 1, 'Cloud Scheduler waits longer than the gateway');
  }
});
