import { invalidArgument } from '../google-api/api-error.ts';
import type { NewMessage } from './resources.ts';

/** Sizes in bytes of UTF-8. The ordering key's is in https://cloud.google.com/pubsub/docs/ordering. */
const most = { messages: 1000, attributes: 100, keyBytes: 256, valueBytes: 1024, orderingKeyBytes: 1024 } as const;

/**
 * Google keeps attribute names that begin with "goog" to itself, but for those under which its client libraries send their traces.
 * https://cloud.google.com/pubsub/docs/publish-message-overview#attributes
 */
const reservedKey = /^goog(?!client_)/;

/**
 * Checks the messages of one publish request, which is refused as a whole: https://cloud.google.com/pubsub/quotas#resource_limits
 * How large the request may be is checked where its bytes are known (publisher-service.ts).
 *
 * @throws ApiError INVALID_ARGUMENT, naming the limit.
 */
export function checkMessages(messages: readonly NewMessage[]): void {
  if (messages.length === 0 || messages.length > most.messages) {
    throw invalidArgument(`a publish request holds 1 to ${most.messages} messages, not ${messages.length}`);
  }
  if (messages.some(({ orderingKey }) => orderingKey !== messages[0]?.orderingKey)) {
    throw invalidArgument('the messages of a publish request have to have the same ordering_key, or none');
  }
  atMost('ordering_key', messages[0]?.orderingKey ?? '', most.orderingKeyBytes);
  for (const { data, attributes } of messages) checkMessage(data, Object.entries(attributes));
}

function checkMessage(data: Uint8Array, attributes: readonly (readonly [string, string])[]): void {
  if (data.length === 0 && attributes.length === 0) throw invalidArgument('a message needs data or at least one attribute');
  if (attributes.length > most.attributes) {
    throw invalidArgument(`a message has at most ${most.attributes} attributes, not ${attributes.length}`);
  }
  for (const [key, value] of attributes) {
    atMost(`the key of the attribute "${key}"`, key, most.keyBytes);
    atMost(`the value of the attribute "${key}"`, value, most.valueBytes);
    if (reservedKey.test(key)) throw invalidArgument(`the key of the attribute "${key}" must not begin with "goog"`);
  }
}

function atMost(what: string, text: string, bytes: number): void {
  const size = Buffer.byteLength(text);
  if (size > bytes) throw invalidArgument(`${what} has ${size} bytes, at most ${bytes} are allowed`);
}
