import type { PubsubServer } from '../cloud/pubsub/start-pubsub.ts';
import type { AuditEntry } from '../cloud/run/audit-log.ts';
import { pullSubscription } from './topology.ts';

/** The topic that Cloud Run's log of admin activity goes to, and the subscription of it. */
export const changes = 'control-plane-changes';

/** Sends the log on, as a sink of Cloud Logging does in production. */
export function changesTo({ broker }: PubsubServer, project: string): (entry: AuditEntry) => void {
  const topic = `projects/${project}/topics/${changes}`;
  if (!broker.topics().some(({ name }) => name === topic)) broker.createTopic({ name: topic, labels: {} });
  const subscription = pullSubscription(project, changes, changes);
  if (!broker.subscribers().some(({ spec }) => spec.name === subscription.name)) broker.createSubscription(subscription);
  return (entry) => void broker.publish(topic, [{ data: Buffer.from(JSON.stringify(entry)), attributes: {}, orderingKey: '' }]);
}
