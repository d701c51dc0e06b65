import assert from 'node:assert/strict';
import { type EventsBench, pull, pullPair, pushedText, pushIdentity, pushPair, rejectsWith, stream } from './events-bench.ts';
import { limitCases } from './events-limit-cases.ts';

/** One behaviour of Pub/Sub. `run` throws where the server does otherwise. */
interface EventsCase {
  readonly name: string;
  run(bench: EventsBench): Promise<void>;
}

const quickRetry = { minimumBackoff: { nanos: 100_000_000 }, maximumBackoff: { seconds: 1 } };

/** The behaviours that the platform builds on, the same for every Pub/Sub. */
export const eventsSuite: readonly EventsCase[] = [
  {
    name: 'a published message comes out of a stream as it went in',
    run: async (bench) => {
      const { topic, subscription } = await pullPair(bench);
      const messageId = await topic.publishMessage({ data: Buffer.from([0, 255, 1]), attributes: { event_type: 'x' } });
      const [message] = await stream(subscription, 1, (received) => received.ack());
      assert.deepEqual([...message!.data], [0, 255, 1]);
      assert.deepEqual({ ...message!.attributes }, { event_type: 'x' });
      assert.equal(message!.id, messageId);
      assert.ok(message!.publishTime.getTime() > 0);
    },
  },
  {
    name: 'a stream with room for one message gets all, one after the other',
    run: async (bench) => {
      const { topic, subscription } = await pullPair(bench);
      subscription.setOptions({ flowControl: { maxMessages: 1, allowExcessMessages: false } });
      for (const text of ['1', '2', '3']) await topic.publishMessage({ data: Buffer.from(text) });
      const messages = await stream(subscription, 3, (received) => received.ack());
      assert.deepEqual(messages.map(({ data }) => String(data)).sort(), ['1', '2', '3']);
    },
  },
  {
    name: 'a message that a stream gives back comes again',
    run: async (bench) => {
      const { topic, subscription } = await pullPair(bench);
      await topic.publishMessage({ data: Buffer.from('x') });
      let count = 0;
      const messages = await stream(subscription, 2, (received) => {
        count += 1;
        if (count === 1) received.nack();
        else received.ack();
      });
      assert.equal(messages[0]!.id, messages[1]!.id);
    },
  },
  {
    name: 'a topic and a subscription that exist cannot be created again',
    run: async (bench) => {
      const { topic, id } = await pullPair(bench);
      await rejectsWith(topic.create(), 6);
      await rejectsWith(topic.createSubscription(id), 6);
    },
  },
  {
    name: 'publishing to a missing topic is NOT_FOUND',
    run: async ({ pubsub, id }) => {
      await rejectsWith(pubsub.topic(id('nowhere')).publishMessage({ data: Buffer.from('x') }), 5);
    },
  },
  {
    name: 'a subscription needs an existing topic',
    run: async ({ pubsub, id }) => {
      await rejectsWith(pubsub.topic(id('nowhere')).createSubscription(id('s')), 5);
    },
  },
  {
    name: 'an acknowledged message does not come again',
    run: async (bench) => {
      const { topic, name } = await pullPair(bench);
      await topic.publishMessage({ data: Buffer.from('once') });
      const [message] = await pull(bench, name);
      await bench.subscriber.acknowledge({ subscription: name, ackIds: [message!.ackId!] });
      const [response] = await bench.subscriber.pull({ subscription: name, maxMessages: 10, returnImmediately: true });
      assert.equal(response.receivedMessages?.length, 0);
    },
  },
  {
    name: 'a message that is given back comes again',
    run: async (bench) => {
      const { topic, name } = await pullPair(bench);
      const messageId = await topic.publishMessage({ data: Buffer.from('twice') });
      const [first] = await pull(bench, name);
      await bench.subscriber.modifyAckDeadline({ subscription: name, ackIds: [first!.ackId!], ackDeadlineSeconds: 0 });
      const [second] = await pull(bench, name);
      assert.equal(second!.message!.messageId, messageId);
    },
  },
  {
    name: 'every subscription gets its own copy',
    run: async (bench) => {
      const { topic, name } = await pullPair(bench);
      const [other] = await topic.createSubscription(bench.id('other'));
      await topic.publishMessage({ data: Buffer.from('copy') });
      const copies = [...(await pull(bench, name)), ...(await pull(bench, other.name))];
      assert.deepEqual(
        copies.map(({ message }) => String(message!.data)),
        ['copy', 'copy'],
      );
    },
  },
  {
    name: 'a subscription gets only what is published after its creation',
    run: async (bench) => {
      const { topic } = await pullPair(bench);
      await topic.publishMessage({ data: Buffer.from('before') });
      const [late] = await topic.createSubscription(bench.id('late'));
      await topic.publishMessage({ data: Buffer.from('after') });
      const [message] = await pull(bench, late.name);
      assert.equal(String(message!.message!.data), 'after');
    },
  },
  {
    name: 'a push has the wrapped form with both spellings',
    run: async (bench) => {
      const { topic, name } = await pushPair(bench, {});
      const messageId = await topic.publishMessage({ data: Buffer.from([0, 255]), attributes: { a: 'b' } });
      const [request] = await bench.endpoint.received(1);
      assert.equal(request!.method, 'POST');
      assert.match(request!.headers['content-type'] ?? '', /^application\/json/);
      const { message, subscription } = JSON.parse(request!.body);
      assert.equal(subscription, name);
      assert.equal(message.data, 'AP8=');
      assert.deepEqual(message.attributes, { a: 'b' });
      assert.deepEqual([message.messageId, message.message_id], [messageId, messageId]);
      assert.ok(Date.parse(message.publishTime) > 0);
      assert.equal(message.publishTime, message.publish_time);
    },
  },
  {
    name: 'a push says its ordering key',
    run: async (bench) => {
      const { topic } = await pushPair(bench, { enableMessageOrdering: true });
      await topic.publishMessage({ data: Buffer.from('x'), orderingKey: 'groups/1' });
      const [request] = await bench.endpoint.received(1);
      assert.equal(JSON.parse(request!.body).message.orderingKey, 'groups/1');
    },
  },
  {
    name: 'a push carries an ID token of the subscription’s account',
    run: async (bench) => {
      const { topic } = await pushPair(bench, {});
      await topic.publishMessage({ data: Buffer.from('x') });
      const [request] = await bench.endpoint.received(1);
      assert.match(request!.headers.authorization ?? '', /^Bearer ./);
      const claims = JSON.parse(Buffer.from(request!.headers.authorization!.split('.')[1]!, 'base64url').toString());
      assert.equal(claims.email, pushIdentity.serviceAccountEmail);
      assert.equal(claims.aud, pushIdentity.audience);
    },
  },
  {
    name: 'a push that is refused comes again until it is taken',
    run: async (bench) => {
      bench.endpoint.answer = (_, index) => [500, 404, 204][index] ?? 200;
      const { topic } = await pushPair(bench, { retryPolicy: quickRetry });
      await topic.publishMessage({ data: Buffer.from('first') });
      await bench.endpoint.received(3);
      await topic.publishMessage({ data: Buffer.from('second') });
      const requests = await bench.endpoint.received(4);
      assert.deepEqual(requests.slice(0, 4).map(pushedText), ['first', 'first', 'first', 'second']);
    },
  },
  {
    name: 'the messages of a key are pushed in order, a refused one before the next',
    run: async (bench) => {
      bench.endpoint.answer = (_, index) => (index === 1 ? 500 : 200);
      const { topic } = await pushPair(bench, { enableMessageOrdering: true, retryPolicy: quickRetry });
      await Promise.all(['1', '2', '3'].map((text) => topic.publishMessage({ data: Buffer.from(text), orderingKey: 'groups/1' })));
      const requests = await bench.endpoint.received(4);
      assert.deepEqual(requests.map(pushedText), ['1', '2', '2', '3']);
    },
  },
  {
    name: 'the messages of a key keep their order on pull after one is given back',
    run: async (bench) => {
      const { topic, name } = await pullPair(bench, { enableMessageOrdering: true, retryPolicy: quickRetry });
      for (const text of ['1', '2']) await topic.publishMessage({ data: Buffer.from(text), orderingKey: 'groups/1' });
      const [first] = await pull(bench, name, 1);
      await bench.subscriber.modifyAckDeadline({ subscription: name, ackIds: [first!.ackId!], ackDeadlineSeconds: 0 });
      const [again] = await pull(bench, name, 1);
      await bench.subscriber.acknowledge({ subscription: name, ackIds: [again!.ackId!] });
      const [next] = await pull(bench, name, 1);
      assert.deepEqual(
        [first, again, next].map((received) => String(received!.message!.data)),
        ['1', '1', '2'],
      );
    },
  },
  {
    name: 'a filter keeps back what does not match',
    run: async (bench) => {
      const filter = 'attributes.event_type = "group" AND NOT hasPrefix(attributes.event_id, "skip")';
      const { topic, name } = await pullPair(bench, { filter });
      await topic.publishMessage({ data: Buffer.from('order'), attributes: { event_type: 'order', event_id: '1' } });
      await topic.publishMessage({ data: Buffer.from('skipped'), attributes: { event_type: 'group', event_id: 'skip-2' } });
      await topic.publishMessage({ data: Buffer.from('wanted'), attributes: { event_type: 'group', event_id: '3' } });
      const [message] = await pull(bench, name);
      assert.equal(String(message!.message!.data), 'wanted');
    },
  },
  {
    name: 'deliveries with a dead letter policy are counted',
    run: async (bench) => {
      bench.endpoint.answer = (_, index) => (index === 0 ? 500 : 200);
      const dead = await pullPair(bench, {}, 'dead');
      const deadLetterPolicy = { deadLetterTopic: dead.topic.name, maxDeliveryAttempts: 5 };
      const { topic } = await pushPair(bench, { deadLetterPolicy, retryPolicy: quickRetry });
      await topic.publishMessage({ data: Buffer.from('x') });
      const requests = await bench.endpoint.received(2);
      assert.deepEqual(
        requests.map(({ body }) => JSON.parse(body).deliveryAttempt),
        [1, 2],
      );
    },
  },
  {
    name: 'what is refused too often goes to the dead letter topic',
    run: async (bench) => {
      bench.endpoint.answer = () => 500;
      const dead = await pullPair(bench, {}, 'dead');
      const deadLetterPolicy = { deadLetterTopic: dead.topic.name, maxDeliveryAttempts: 5 };
      const { topic, id } = await pushPair(bench, { deadLetterPolicy, retryPolicy: quickRetry });
      await topic.publishMessage({ data: Buffer.from('poison'), attributes: { event_id: '1' } });
      const [letter] = await pull(bench, dead.name);
      assert.equal(String(letter!.message!.data), 'poison');
      const { event_id, CloudPubSubDeadLetterSourceSubscription, CloudPubSubDeadLetterSourceDeliveryCount } = letter!.message!.attributes!;
      assert.deepEqual([event_id, CloudPubSubDeadLetterSourceSubscription], ['1', id]);
      assert.equal(CloudPubSubDeadLetterSourceDeliveryCount, '5');
      assert.equal(bench.endpoint.requests.length, 5);
    },
  },
  {
    name: 'a push endpoint can move',
    run: async (bench) => {
      const { topic, subscription } = await pushPair(bench, {});
      await subscription.modifyPushConfig({ pushEndpoint: `${bench.endpoint.url}/moved` });
      await topic.publishMessage({ data: Buffer.from('x') });
      const [request] = await bench.endpoint.received(1);
      assert.equal(request!.path, '/moved');
    },
  },
  {
    name: 'names and back-off are checked',
    run: async ({ pubsub, id }) => {
      const [topic] = await pubsub.createTopic(id('t'));
      await rejectsWith(topic.createSubscription(id('s'), { retryPolicy: { minimumBackoff: { seconds: 601 } } }), 3);
      await rejectsWith(pubsub.createTopic('no spaces'), 3);
    },
  },
  {
    name: 'an ack deadline under ten seconds is refused',
    run: async ({ pubsub, id }) => {
      const [topic] = await pubsub.createTopic(id('t'));
      await rejectsWith(topic.createSubscription(id('s'), { ackDeadlineSeconds: 5 }), 3);
    },
  },
  {
    name: 'a filter that cannot be read is refused',
    run: async ({ pubsub, id }) => {
      const [topic] = await pubsub.createTopic(id('t'));
      await rejectsWith(topic.createSubscription(id('s'), { filter: 'event_type = group' }), 3);
    },
  },
  {
    name: 'topics are listed page by page',
    run: async ({ pubsub, id }) => {
      const wanted = [id('a'), id('b'), id('c')];
      for (const name of wanted) await pubsub.createTopic(name);
      const found: string[] = [];
      let pageToken: string | undefined;
      do {
        const page = await pubsub.getTopics({ autoPaginate: false, pageSize: 2, ...(pageToken && { pageToken }) });
        assert.ok(page[0].length <= 2);
        found.push(...page[0].map(({ name }) => name.split('/').at(-1)!));
        pageToken = page[2]?.nextPageToken ?? undefined;
      } while (pageToken);
      assert.deepEqual(
        found.filter((name) => wanted.includes(name)),
        wanted,
      );
    },
  },
  ...limitCases,
];
