import type { FileRegistry } from '@bufbuild/protobuf';
import { keysCluster, metadataServerCluster, otelCollectorCluster, serviceCluster } from './clusters.ts';
import { controlPlaneCluster, discovery } from './discovery.ts';
import { type GatewayEnvironment, upstreamUrl } from './gateway-environment.ts';
import { type GatewayMethod, listGatewayMethods, type Role } from './gateway-methods.ts';
import { httpConnectionManager } from './http-connection-manager.ts';
import { any, type JsonObject } from './json.ts';
import { tracingRuntime } from './tracing.ts';

/** What a bootstrap is made of. */
export interface BootstrapSource {
  readonly role: Role;
  readonly environment: GatewayEnvironment;
  /** The protos; our own descriptor set where it is left out. */
  readonly registry?: FileRegistry;
}

/**
 * The whole Envoy configuration of a gateway: an envoy.config.bootstrap.v3.Bootstrap in JSON, with the field names of the proto files.
 *
 * @throws MethodError where the protos do not make a safe gateway.
 */
export function compileBootstrap({ role, environment, registry }: BootstrapSource): JsonObject {
  const methods = listGatewayMethods(role, registry);
  const upstreams = upstreamsOf(methods);
  const identities = role === 'edge' ? (['customer', 'partner', 'google'] as const) : (['google'] as const);
  return {
    node: { id: `${role}-gateway`, cluster: `kumiko-${environment.name}` },
    admin: { address: socketAddress(environment.admin) },
    static_resources: {
      listeners: [
        {
          name: role,
          address: socketAddress(environment.listener),
          per_connection_buffer_limit_bytes: 32_768,
          filter_chains: [{ filters: [httpConnectionManager(role, environment, methods, upstreams)] }],
        },
      ],
      clusters: [
        ...upstreams.map((name) => serviceCluster(name, upstreamUrl(environment, name), environment)),
        ...identities.map((identity) => keysCluster(identity, environment)),
        metadataServerCluster(environment),
        ...(environment.otelCollector === undefined ? [] : [otelCollectorCluster(environment.otelCollector)]),
        ...(environment.previews === undefined ? [] : [controlPlaneCluster(environment, environment.previews.controlPlane)]),
      ],
    },
    ...(environment.previews !== undefined && { dynamic_resources: discovery() }),
    overload_manager: overloadManager(),
    ...(environment.otelCollector !== undefined && { layered_runtime: { layers: [{ name: 'static', static_layer: tracingRuntime }] } }),
  };
}

function upstreamsOf(methods: readonly GatewayMethod[]): string[] {
  return [...new Set(methods.map(({ workload }) => workload))].sort();
}

function socketAddress({ host, port }: { host: string; port: number }): JsonObject {
  return { socket_address: { address: host, port_value: port } };
}

/**
 * Sheds load before the container's memory (1 GiB) or its connections run out. The heap may overshoot its bound by all that arrives until the next look at it, and
 * there is memory that it does not count: a thousand requests of 1 MB at a time were seen to take 730 MiB in all.
 */
function overloadManager(): JsonObject {
  const heap = 'envoy.resource_monitors.fixed_heap';
  const connections = 'envoy.resource_monitors.global_downstream_max_connections';
  const above = (value: number) => [{ name: heap, threshold: { value } }];
  return {
    refresh_interval: '0.25s',
    resource_monitors: [
      {
        name: heap,
        typed_config: any('envoy.extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig', { max_heap_size_bytes: 402_653_184 }),
      },
      {
        name: connections,
        typed_config: any('envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig', {
          max_active_downstream_connections: 5000,
        }),
      },
    ],
    actions: [
      { name: 'envoy.overload_actions.shrink_heap', triggers: above(0.9) },
      { name: 'envoy.overload_actions.stop_accepting_requests', triggers: above(0.95) },
    ],
  };
}
