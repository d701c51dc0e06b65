import { lookup } from 'node:dns/promises';
import type { ClusterConfig } from './config/cluster-config.ts';

/** A host of a cluster. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** The name that the address was resolved from. */
  readonly hostname: string;
}

/** Resolves a name; tests put their own servers in place of the real ones. */
export type Resolve = (hostname: string, port: number) => Promise<readonly { readonly address: string; readonly port: number }[]>;

/** The machine's resolver. */
export function systemResolve(family: ClusterConfig['dns_lookup_family']): Resolve {
  const wanted = family === 'V4_ONLY' ? 4 : family === 'V6_ONLY' ? 6 : 0;
  return async (hostname, port) => {
    const found = await lookup(hostname, { all: true, family: wanted, order: family === 'V4_PREFERRED' ? 'ipv4first' : 'verbatim' });
    return found.map(({ address }) => ({ address, port }));
  };
}

/** The hosts of a cluster, kept current. An empty list means that nothing resolves now. */
export interface Endpoints {
  list(): readonly Endpoint[];
  close(): void;
}

/** STATIC hosts stay; STRICT_DNS takes every address of each name, LOGICAL_DNS one. Names that fail to resolve keep their last addresses. */
export async function openEndpoints(config: ClusterConfig, resolve: Resolve): Promise<Endpoints> {
  const declared = config.load_assignment.endpoints.flatMap((locality) => locality.lb_endpoints.map(({ endpoint }) => endpoint));
  if (config.type === 'STATIC') {
    const fixed = declared.map(({ address, hostname }) => ({ ...address, hostname: hostname ?? address.host }));
    return { list: () => fixed, close: () => {} };
  }
  const resolved = new Map<string, Endpoint[]>();
  let current: Endpoint[] = [];
  const refresh = async () => {
    await Promise.all(
      declared.map(async ({ address, hostname }) => {
        const key = `${address.host}:${address.port}`;
        try {
          const found = await resolve(address.host, address.port);
          const hosts = config.type === 'LOGICAL_DNS' ? found.slice(0, 1) : found;
          if (hosts.length > 0)
            resolved.set(
              key,
              hosts.map((host) => ({ host: host.address, port: host.port, hostname: hostname ?? address.host })),
            );
        } catch {
          // The last addresses stay; without any, requests answer 503 "no healthy upstream".
        }
      }),
    );
    current = [...resolved.values()].flat();
  };
  await refresh();
  const timer = setInterval(() => void refresh(), config.dns_refresh_rate).unref();
  return { list: () => current, close: () => clearInterval(timer) };
}
