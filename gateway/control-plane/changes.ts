import { PubSub } from '@google-cloud/pubsub';
import type { Logger } from 'pino';

/**
 * Calls back for each entry of Cloud Run's audit log that arrives at a subscription. What it says is not read: the listing tells what there is, so a lost entry
 * or one that comes twice does no harm. Returns how to end that.
 */
export function watchChanges(project: string, subscription: string, onChange: () => void, logger: Logger): () => Promise<void> {
  const pubsub = new PubSub({ projectId: project });
  const source = pubsub.subscription(subscription);
  source.on('message', (message) => {
    message.ack();
    onChange();
  });
  source.on('error', (err) => logger.warn({ err }, 'changes of Cloud Run are not heard: they wait for the next listing'));
  return async () => {
    await source.close();
    await pubsub.close();
  };
}
