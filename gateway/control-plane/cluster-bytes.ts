import type { JsonObject } from '../bootstrap/json.ts';
import { readMessage } from '../bootstrap/validation/read-message.ts';
import { encodeMessage } from './encode-message.ts';
import { PreviewFault } from './preview-fault.ts';

/** What clusters have in common that are the same but for some texts of the same lengths. */
interface Template {
  readonly bytes: Buffer;
  /** Where each of the texts stands. */
  readonly places: readonly (readonly number[])[];
}

const templates = new Map<string, Template>();

/**
 * The bytes of a cluster, held against the rules of Envoy's API. Clusters of thousands of previews differ in few texts: what is the same in all of them, with
 * texts of the same lengths, is read and written once, and the texts are put into its bytes.
 *
 * @param texts what differs, in ASCII, each the whole of a value.
 * @throws {PreviewFault} with what is wrong.
 */
export function clusterBytes(cluster: JsonObject, texts: readonly string[]): Buffer {
  const shape = JSON.stringify(cluster, (_, value: unknown) => {
    if (typeof value !== 'string') return value;
    const index = texts.indexOf(value);
    return index < 0 ? value : gap(index, value.length);
  });
  let template = templates.get(shape);
  if (template === undefined) {
    template = templateOf(shape, texts);
    templates.set(shape, template);
  }
  const bytes = Buffer.from(template.bytes);
  for (const [index, text] of texts.entries()) for (const place of template.places[index] ?? []) bytes.write(text, place, 'latin1');
  return bytes;
}

/** No text of a cluster has parentheses like these. */
const gaps = /⟦(\d+):(\d+)⟧/g;

function gap(index: number, length: number): string {
  return `⟦${index}:${length}⟧`;
}

/** Where a text stands is where the bytes change when it does. */
function templateOf(shape: string, texts: readonly string[]): Template {
  const filled = (other?: number) =>
    encoded(JSON.parse(shape.replaceAll(gaps, (_, index, length) => (Number(index) === other ? 'b' : 'a').repeat(Number(length)))));
  const bytes = filled();
  return { bytes, places: texts.map(({ length }, index) => differences(bytes, filled(index), length)) };
}

function differences(one: Buffer, other: Buffer, length: number): number[] {
  const places: number[] = [];
  for (let at = 0; at < one.length; at++) {
    if (one[at] === other[at]) continue;
    places.push(at);
    at += length - 1;
  }
  return places;
}

function encoded(cluster: JsonObject): Buffer {
  const { messages, faults } = readMessage('envoy.config.cluster.v3.Cluster', cluster);
  const [first] = faults;
  if (first !== undefined) throw new PreviewFault(`${first.path}: ${first.message}`);
  return encodeMessage(messages[0]!);
}
