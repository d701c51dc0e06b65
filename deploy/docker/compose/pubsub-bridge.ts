import { type Message, PubSub } from '@google-cloud/pubsub';

/** Where messages are taken from and where they go. */
interface BridgeOptions {
  readonly project: string;
  readonly topics: readonly string[];
  /** host:port of Google's emulator. */
  readonly from: string;
  /** host:port of the local Pub/Sub. */
  readonly to: string;
}

/**
 * Hands messages on from Google's emulator to the local Pub/Sub, which pushes them: the emulator pushes without the OIDC token that the jobs gateway asks for.
 * A message is acknowledged once the local Pub/Sub has stored it.
 */
export async function bridgePubsub({ project, topics, from, to }: BridgeOptions): Promise<{ close(): Promise<void> }> {
  const [emulator, local] = [from, to].map((apiEndpoint) => new PubSub({ projectId: project, apiEndpoint, emulatorMode: true })) as [
    PubSub,
    PubSub,
  ];
  const subscriptions = await Promise.all(
    topics.map(async (name) => {
      const [topic] = await emulator.topic(name).get({ autoCreate: true });
      const subscription = topic.subscription(`${name}-bridge`);
      const [exists] = await subscription.exists();
      if (!exists) await subscription.create({ enableMessageOrdering: true });
      const target = local.topic(name, { messageOrdering: true, batching: { maxMilliseconds: 1 } });
      subscription.on('message', (message: Message) => {
        const { data, attributes, orderingKey = '' } = message;
        target.publishMessage({ data, attributes, orderingKey }).then(
          () => message.ack(),
          () => {
            target.resumePublishing(orderingKey);
            message.nack();
          },
        );
      });
      return subscription;
    }),
  );
  return {
    async close() {
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
      await Promise.all([emulator.close(), local.close()]);
    },
  };
}
