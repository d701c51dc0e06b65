import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Address } from './config/listener-config.ts';
import type { Stats } from './stats.ts';

/** What the admin listener shows and does. */
export interface AdminTarget {
  readonly stats: Stats;
  readonly bootstrap: unknown;
  /** Bound listeners. */
  listeners(): readonly { readonly name: string; readonly host: string; readonly port: number }[];
  drain(): void;
  /** What the health check filter answers from now on. */
  setHealthy(healthy: boolean): void;
}

/** The bound admin listener. */
export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Envoy's admin interface in part: /ready, /stats/prometheus, /config_dump, /listeners, /healthcheck/*, /drain_listeners. `port` replaces the configured one. */
export async function startAdmin(address: Address, port = address.port, target: AdminTarget): Promise<AdminServer> {
  let state = 'LIVE';
  const server = createServer((request, response) => {
    const reply = (status: number, body: string, type = 'text/plain; charset=UTF-8') => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-cache, max-age=0' }).end(body);
    };
    const path = (request.url ?? '/').split('?')[0];
    // What changes state takes POST only, as in Envoy.
    const needsPost = path === '/drain_listeners' || path?.startsWith('/healthcheck/') === true;
    if (needsPost && request.method !== 'POST') return reply(405, `Method ${request.method} not allowed, POST required.`);
    switch (path) {
      case '/ready':
        return reply(state === 'LIVE' ? 200 : 503, `${state}\n`);
      case '/stats/prometheus':
        return reply(200, target.stats.prometheus());
      case '/config_dump':
        return reply(
          200,
          JSON.stringify(
            { configs: [{ '@type': 'type.googleapis.com/envoy.admin.v3.BootstrapConfigDump', bootstrap: target.bootstrap }] },
            null,
            1,
          ),
          'application/json',
        );
      case '/listeners':
        return reply(200, listListeners(target, request.url?.includes('format=json') === true));
      case '/healthcheck/fail':
      case '/healthcheck/ok':
        target.setHealthy(path === '/healthcheck/ok');
        return reply(200, 'OK\n');
      case '/drain_listeners':
        state = 'DRAINING';
        target.drain();
        return reply(200, 'OK\n');
      default:
        return reply(404, 'invalid path\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listListeners(target: AdminTarget, json: boolean): string {
  const listeners = target.listeners();
  if (!json) return listeners.map(({ name, host, port }) => `${name}::${host}:${port}\n`).join('');
  return JSON.stringify({
    listener_statuses: listeners.map(({ name, host, port }) => ({
      name,
      local_address: { socket_address: { address: host, port_value: port } },
    })),
  });
}
