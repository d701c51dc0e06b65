import type { DescService } from '@bufbuild/protobuf';
import { LRUCache } from 'lru-cache';
import { type CallOptions, type Client, callOf } from '../../contracts/client.ts';
import { activePreviewOf } from '../../contracts/preview.ts';

/** Where previews are, and how one is called. */
interface Previews<S extends DescService> {
  /** The origin of a preview; undefined: there is none. */
  readonly urlOf: (tag: string) => Promise<string | undefined>;
  readonly connect: (url: string) => Client<S>;
}

/** How long a connection is kept that new calls no longer take: longer than any call of a service. */
const lingerMs = 120_000;

/** So many previews of a service are connected at once: one that is gone and that no work asks for again is dropped in its turn. */
const maxConnected = 32;

/** A client that calls the preview which the work at hand asks for, or the default where there is no such preview. */
export function followPreview<S extends DescService>(
  { method }: S,
  name: string,
  standard: Client<S>,
  { urlOf, connect }: Previews<S>,
): Client<S> {
  /** What is under way on these ends by itself. */
  const lingering = new Map<Client<S>, NodeJS.Timeout>();
  const clients = new LRUCache<string, { readonly url: string; readonly client: Client<S> }>({
    max: maxConnected,
    dispose: ({ client }) => {
      const close = () => {
        lingering.delete(client);
        client.close();
      };
      lingering.set(client, setTimeout(close, lingerMs).unref());
    },
  });

  async function previewOf(tag: string): Promise<Client<S> | undefined> {
    const url = await urlOf(tag);
    const known = clients.get(tag);
    if (known?.url === url) return known?.client;
    clients.delete(tag);
    if (url === undefined) return undefined;
    const client = connect(url);
    clients.set(tag, { url, client });
    return client;
  }

  const calls = Object.keys(method).map((localName) => [
    localName,
    async (request: object, options?: CallOptions) => {
      const tag = activePreviewOf(name);
      const client = tag === undefined ? undefined : await previewOf(tag);
      return await callOf(client ?? standard, localName)(request, options);
    },
  ]);
  const close = () => {
    standard.close();
    clients.clear();
    for (const [client, timer] of lingering) {
      clearTimeout(timer);
      client.close();
    }
    lingering.clear();
  };
  return { ...Object.fromEntries(calls), close } as Client<S>;
}
