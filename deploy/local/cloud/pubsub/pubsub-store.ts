import { openStore } from '../../shared/store/open-store.ts';
import type { Message, Subscription, Topic } from './resources.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS topics (name TEXT PRIMARY KEY, spec TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS subscriptions (name TEXT PRIMARY KEY, spec TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY, data BLOB NOT NULL, attributes TEXT NOT NULL, ordering_key TEXT NOT NULL, publish_ms INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS deliveries (
    subscription TEXT NOT NULL REFERENCES subscriptions ON DELETE CASCADE,
    message_id INTEGER NOT NULL REFERENCES messages,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_ms INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (subscription, message_id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS deliveries_by_message ON deliveries (message_id);
`;

/** A message that a subscription has yet to acknowledge. */
export interface StoredDelivery {
  readonly messageId: number;
  readonly orderingKey: string;
  readonly publishMs: number;
  /** Deliveries that failed. */
  readonly attempts: number;
  /** Not before this time. */
  readonly nextMs: number;
}

/** What the local Pub/Sub keeps on disk. */
export type PubsubStore = ReturnType<typeof openPubsubStore>;

/** Opens the Pub/Sub state. A message's row goes when its last delivery does. */
export function openPubsubStore(stateDir: string) {
  const { database, transaction, close } = openStore(stateDir, 'pubsub', schema);
  const upsert = (table: string) =>
    database.prepare(`INSERT INTO ${table} (name, spec) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET spec = excluded.spec`);
  const putTopic = upsert('topics');
  const putSubscription = upsert('subscriptions');
  const deleteTopic = database.prepare('DELETE FROM topics WHERE name = ?');
  const deleteSubscription = database.prepare('DELETE FROM subscriptions WHERE name = ?');
  const deleteUnclaimed = database.prepare('DELETE FROM messages WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message_id = id)');
  const insertMessage = database.prepare('INSERT INTO messages (id, data, attributes, ordering_key, publish_ms) VALUES (?, ?, ?, ?, ?)');
  const insertDelivery = database.prepare('INSERT INTO deliveries (subscription, message_id) VALUES (?, ?)');
  const deleteDelivery = database.prepare('DELETE FROM deliveries WHERE subscription = ? AND message_id = ?');
  const deleteMessage = database.prepare(
    'DELETE FROM messages WHERE id = ? AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message_id = id)',
  );
  const postpone = database.prepare('UPDATE deliveries SET attempts = ?, next_ms = ? WHERE subscription = ? AND message_id = ?');
  const readMessage = database.prepare('SELECT * FROM messages WHERE id = ?');
  const deliveries = database.prepare(`
    SELECT message_id, ordering_key, publish_ms, attempts, next_ms FROM deliveries JOIN messages ON id = message_id
    WHERE subscription = ? ORDER BY message_id`);

  const countDeliveries = database.prepare('SELECT count(*) AS count FROM deliveries WHERE subscription = ?');

  return {
    transaction,
    close,
    topics: (): Topic[] =>
      database
        .prepare('SELECT spec FROM topics')
        .all()
        .map(specOf<Topic>),
    subscriptions: (): Subscription[] =>
      database
        .prepare('SELECT spec FROM subscriptions')
        .all()
        .map(specOf<Subscription>),
    lastMessageId: (): number => Number(database.prepare('SELECT coalesce(max(id), 0) AS id FROM messages').get()?.['id']),
    putTopic: (topic: Topic) => putTopic.run(topic.name, JSON.stringify(topic)),
    putSubscription: (subscription: Subscription) => putSubscription.run(subscription.name, JSON.stringify(subscription)),
    deleteTopic: (name: string) => deleteTopic.run(name),
    deleteSubscription: (name: string) =>
      transaction(() => {
        deleteSubscription.run(name);
        deleteUnclaimed.run();
      }),
    insert: (message: Message, subscriptions: readonly string[]) => {
      const { messageId, data, attributes, orderingKey, publishMs } = message;
      insertMessage.run(messageId, data, JSON.stringify(attributes), orderingKey, publishMs);
      for (const subscription of subscriptions) insertDelivery.run(subscription, messageId);
    },
    remove: (subscription: string, messageId: number) => {
      deleteDelivery.run(subscription, messageId);
      deleteMessage.run(messageId);
    },
    postpone: (subscription: string, messageId: number, attempts: number, nextMs: number) =>
      postpone.run(attempts, nextMs, subscription, messageId),
    message: (id: number): Message => {
      const row = readMessage.get(id);
      if (row === undefined) throw new Error(`message ${id} is not stored`);
      return {
        messageId: id,
        data: row['data'] as Uint8Array,
        attributes: JSON.parse(String(row['attributes'])),
        orderingKey: String(row['ordering_key']),
        publishMs: Number(row['publish_ms']),
      };
    },
    waitingCount: (subscription: string): number => Number(countDeliveries.get(subscription)?.['count']),
    deliveries: (subscription: string): StoredDelivery[] =>
      deliveries.all(subscription).map((row) => ({
        messageId: Number(row['message_id']),
        orderingKey: String(row['ordering_key']),
        publishMs: Number(row['publish_ms']),
        attempts: Number(row['attempts']),
        nextMs: Number(row['next_ms']),
      })),
  };
}

function specOf<T>(row: Record<string, unknown>): T {
  return JSON.parse(String(row['spec']));
}
