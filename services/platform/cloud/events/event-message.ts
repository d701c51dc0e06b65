/** What travels through Pub/Sub. */
export interface EventMessage {
  readonly data: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
  /** Messages with the same key are delivered in the order in which this process published them. */
  readonly orderingKey: string;
}

/** https://cloud.google.com/pubsub/quotas#resource_limits; the ordering key's is in https://cloud.google.com/pubsub/docs/ordering. Bytes of UTF-8. */
const most = { attributes: 100, keyBytes: 256, valueBytes: 1024, orderingKeyBytes: 1024, messageBytes: 10_000_000 } as const;

/** What a message costs in its request beside its texts and data: the topic's name, and tags and lengths. */
const overheadBytes = 4_096;

/**
 * Refuses a message that Pub/Sub would refuse. An outbox must never hold one: it would be sent in vain for ever, and all later events of its aggregate would
 * wait behind it.
 *
 * @throws {TypeError} naming what is too large, and the limit.
 */
export function checkMessage({ data, attributes, orderingKey }: EventMessage): void {
  const entries = Object.entries(attributes);
  if (entries.length > most.attributes) throw new TypeError(`${entries.length} attributes: Pub/Sub takes at most ${most.attributes}`);
  atMost('the ordering key', orderingKey, most.orderingKeyBytes);
  let bytes = data.length + overheadBytes;
  for (const [key, value] of entries) {
    if (/^goog/.test(key)) throw new TypeError(`the attribute "${key}": Pub/Sub keeps names that begin with "goog" to itself`);
    bytes += atMost(`the name of the attribute "${key}"`, key, most.keyBytes);
    bytes += atMost(`the attribute "${key}"`, value, most.valueBytes);
  }
  if (bytes > most.messageBytes) throw new TypeError(`the message has ${data.length} bytes: Pub/Sub takes less than ${most.messageBytes}`);
}

function atMost(what: string, text: string, bytes: number): number {
  const size = Buffer.byteLength(text);
  if (size > bytes) throw new TypeError(`${what} has ${size} bytes: Pub/Sub takes at most ${bytes}`);
  return size;
}
