import {
  clone,
  type DescMessage,
  type DescMethod,
  isMessage,
  type JsonObject,
  type JsonValue,
  type Message,
  type Registry,
  toJson,
} from '@bufbuild/protobuf';
import { callOf, createClient } from '../../services/platform/contracts/client.ts';

/** Where operators' methods are, and who calls. */
interface Edge {
  /** The edge gateway, such as "https://api.example.com". */
  readonly url: string;
  /** An operator's ID token. */
  readonly token: string;
}

/** What is printed: an answer, or an item of a list. */
export type Printed = { readonly kind: 'answer' | 'item'; readonly json: JsonValue };

/** Calls a method for operators through the edge gateway. Of a list it gives every item, page by page. @throws {ClientError} */
export async function* callOperatorMethod(
  { url, token }: Edge,
  method: DescMethod,
  request: Message,
  registry: Registry,
): AsyncGenerator<Printed> {
  const client = createClient(method.parent, { url, headers: async () => ({ authorization: `Bearer ${token}` }) });
  const call = callOf(client, method.localName);
  // An operator asks whether there is none: 0 and an empty list are said.
  const asJson = async (request: Message): Promise<JsonValue> => {
    const answer = await call(request);
    if (!isMessage(answer, method.output)) throw new TypeError(`${method.toString()} is answered by no ${method.output.typeName}`);
    return toJson(method.output, answer, { registry, alwaysEmitImplicit: true });
  };
  const items = itemsOf(method.output);
  try {
    if (items === undefined) {
      yield { kind: 'answer', json: await asJson(request) };
      return;
    }
    let pageToken = '';
    do {
      const page = await asJson(Object.assign(clone(method.input, request), { pageToken }));
      const { [items]: listed, nextPageToken } = isObject(page) ? page : {};
      for (const json of Array.isArray(listed) ? listed : []) yield { kind: 'item', json };
      pageToken = typeof nextPageToken === 'string' ? nextPageToken : '';
    } while (pageToken !== '');
  } finally {
    client.close();
  }
}

function isObject(json: JsonValue): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** The field of a list's answer that has the page (AIP-158); undefined of what is no list. */
function itemsOf({ fields }: DescMessage): string | undefined {
  if (!fields.some(({ name }) => name === 'next_page_token')) return undefined;
  return fields.find(({ fieldKind }) => fieldKind === 'list')?.jsonName;
}
