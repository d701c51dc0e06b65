import { gateways } from '../../../../services/platform/contracts/identities.ts';
import { type DeclaredPicture, declaredPicture } from '../../cloud/inspect/declared-picture.ts';
import type { Way, WayRate } from '../../cloud/inspect/picture-part.ts';
import { outsideSystems } from '../../cloud/outside-systems.ts';
import { outsidePort } from '../../platform/ports.ts';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import type { JsonRoute } from '../../shared/http/json-server.ts';
import type { EnvoyState, Picture } from '../api.ts';
import { askCloud } from '../cloud-client.ts';
import type { ConsolePlatform } from '../console-platform.ts';
import type { LiveSource } from '../live.ts';

/** The picture of the platform, what goes along its ways just now, and what its gateways say of themselves. */
export function pictureRoutes({ ports, endpoints }: Pick<ConsolePlatform, 'ports' | 'endpoints'>): {
  readonly routes: JsonRoute[];
  readonly source: LiveSource;
} {
  let declared: DeclaredPicture | undefined;
  const picture = () => {
    declared ??= declaredPicture(Object.fromEntries(outsideSystems.map((system) => [system, outsidePort(ports, system)])));
    return declared;
  };
  /** Ways that no proto declares, once they were gone. */
  const seen = new Set<Way>();
  let laidOut: { readonly count: number; readonly picture: Promise<Picture> } | undefined;
  const layout = () => {
    const { parts, ways } = picture();
    const all = [...new Set([...ways, ...seen])];
    if (laidOut?.count !== all.length)
      laidOut = { count: all.length, picture: import('./lay-out.ts').then(({ layOut }) => layOut(parts, all)) };
    return laidOut.picture;
  };
  const rates = async () => {
    const { rates: rows } = await askCloud<{ rates: WayRate[] }>(ports.inspect, '/rates');
    for (const { way } of rows) seen.add(way);
    return rows;
  };
  return {
    routes: [
      {
        method: 'GET',
        path: '/api/picture',
        handle: async () => {
          // What was gone before counts as well; without the local cloud there is a picture all the same.
          await rates().catch(() => []);
          return { status: 200, body: await layout() };
        },
      },
      {
        method: 'GET',
        path: '/api/envoy/{role}',
        handle: async ({ params }) => {
          const role = gateways.find((gateway) => gateway === params['role']);
          if (role === undefined) throw new HttpProblem(404, 'not_found', `There is no gateway "${params['role']}".`);
          return { status: 200, body: await envoyState(role === 'edge' ? endpoints().admin : endpoints().jobs_admin) };
        },
      },
    ],
    source: { name: 'rates', everyMs: 1_000, open: () => rates },
  };
}

interface Clusters {
  readonly cluster_statuses?: readonly {
    readonly name: string;
    readonly host_statuses?: readonly {
      readonly address: { readonly socket_address?: { readonly address: string; readonly port_value: number } };
      readonly health_status?: { readonly eds_health_status?: string };
      readonly stats?: readonly { readonly name: string; readonly value?: string }[];
    }[];
  }[];
}

/** What an Envoy's admin pages say: https://www.envoyproxy.io/docs/envoy/latest/operations/admin */
async function envoyState(admin: string): Promise<EnvoyState> {
  try {
    const [clusters, dump] = await Promise.all([
      fetch(`${admin}/clusters?format=json`),
      fetch(`${admin}/config_dump?resource=static_listeners`),
    ]);
    const { cluster_statuses: statuses = [] } = (await clusters.json()) as Clusters;
    const filters = filtersIn(await dump.json());
    return {
      filters: [...new Set(filters)],
      clusters: statuses.map(({ name, host_statuses: hosts = [] }) => ({
        name,
        hosts: hosts.map(({ address, health_status: health, stats = [] }) => ({
          address: `${address.socket_address?.address}:${address.socket_address?.port_value}`,
          health: health?.eds_health_status ?? '',
          requests: Number(stats.find((stat) => stat.name === 'rq_total')?.value ?? 0),
          failures: Number(stats.find((stat) => stat.name === 'rq_error')?.value ?? 0),
        })),
      })),
    };
  } catch {
    throw new HttpProblem(503, 'unavailable', 'The gateway does not answer: it is stopped, or is being started again.');
  }
}

/** The names of HTTP filters, wherever a listener's configuration has them. */
function filtersIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(filtersIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === 'http_filters' && Array.isArray(inner)
      ? inner.map((filter: { readonly name?: string }) => filter.name ?? '')
      : filtersIn(inner),
  );
}
