import { type ClusterEnvironment, serviceCluster } from './clusters.ts';
import type { GatewayEnvironment } from './gateway-environment.ts';
import type { GatewayMethod, Role } from './gateway-methods.ts';
import { previewHeader } from './internal-headers.ts';
import { any, type JsonObject } from './json.ts';

/** A revision of a service that a token can ask for. */
export interface Preview {
  readonly service: string;
  /** A tag of Cloud Run, such as "pr-123" (https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration#tags). */
  readonly tag: string;
  /** The tag's own origin, such as "https://pr-123---partner-1234567890-an.a.run.app". The audience is the service's. */
  readonly url: string;
}

/** The name of a preview's cluster. No other name has an "@": what is before it says whose audience the preview has. */
export function previewClusterName({ service, tag }: Pick<Preview, 'service' | 'tag'>): string {
  return `${service}@${tag}`;
}

/** The cluster of a preview, as the service's own but for the address. */
export function previewCluster(preview: Preview, environment: ClusterEnvironment): JsonObject {
  return serviceCluster(previewClusterName(preview), preview.url, environment);
}

/** The name of a method's route to the previews of its service. */
export function previewRouteName(method: string): string {
  return `preview/${method}`;
}

/** The name of the plugin that chooses among the previews of a service. */
export function specifierName(service: string): string {
  return `previews-of-${service}`;
}

/**
 * The plugins that choose the cluster of a request which asks for a preview: the preview's where there is such a cluster, the service's own otherwise. So the
 * routes are the same whatever previews there are, and a preview comes and goes with its cluster alone. Envoy knows a cluster once it can be used, and forgets
 * it before it closes its connections, so that a request meets either the one or the other.
 *
 * A strict edge names the cluster whether or not there is one. Only at the edge, where somebody reads the answer: a task whose preview is gone would fail until
 * it is given up, and what it stands for would never be done.
 */
export function previewSpecifiers(role: Role, { previews }: GatewayEnvironment, methods: readonly GatewayMethod[]): JsonObject[] {
  const strict = role === 'edge' && previews?.strict === true;
  const services = new Set(methods.map(({ workload }) => workload));
  return [...services].map((service) => ({
    extension: {
      name: specifierName(service),
      typed_config: any('envoy.extensions.router.cluster_specifiers.lua.v3.LuaConfig', {
        source_code: { inline_string: strict ? strictChoice(service) : choice(service) },
        default_cluster: service,
      }),
    },
  }));
}

function choice(service: string): string {
  return `function envoy_on_route(route)
  local cluster = "${service}@" .. route:headers():get("${previewHeader(service)}")
  if route:getCluster(cluster) == nil then return "${service}" end
  return cluster
end
`;
}

function strictChoice(service: string): string {
  return `function envoy_on_route(route)
  return "${service}@" .. route:headers():get("${previewHeader(service)}")
end
`;
}
