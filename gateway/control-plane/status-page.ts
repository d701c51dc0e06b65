import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DiscoveryServer } from './discovery-server.ts';
import type { PreviewStore } from './preview-store.ts';
import type { PreviewWatch } from './preview-watch.ts';

/** Where what is told comes from. */
interface StatusSources {
  readonly store: PreviewStore;
  readonly server: DiscoveryServer;
  readonly watch: Pick<PreviewWatch, 'state'>;
}

/** The whole state for operators: what is served, what was refused in whose words, how each client stands, how the listings go. Times are ISO 8601. */
export function statusOf({ store, server, watch }: StatusSources): object {
  const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
  const { listedAt, fault, faults } = watch.state;
  return {
    version: store.version,
    listing: { at: iso(listedAt), fault, faults },
    previews: [...store.served.values()]
      .sort((a, b) => a.name.localeCompare(b.name))
      .map(({ name, version, preview: { url, revision } }) => ({ name, version, url, revision })),
    refused: [...store.refusals].map(([name, { version, words, at }]) => ({
      name,
      version,
      words,
      at: iso(at),
      served: store.served.get(name)?.version,
    })),
    clients: server.clients.map(({ connectedAt, acceptedAt, owesSince, refused, ...client }) => ({
      ...client,
      connectedAt: iso(connectedAt),
      acceptedAt: iso(acceptedAt),
      owesSince: iso(owesSince),
      refused: refused && { ...refused, at: iso(refused.at) },
    })),
  };
}

/** Answers `GET /` with it as JSON, on loopback only. */
export async function startStatusPage(sources: StatusSources, port: number): Promise<{ port: number; close: () => void }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/') {
      response.writeHead(request.method === 'GET' ? 404 : 405, { allow: 'GET' }).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(`${JSON.stringify(statusOf(sources), null, 2)}\n`);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}
