import { controlPlane } from '../../services/platform/contracts/identities.ts';
import { serviceCluster } from './clusters.ts';
import { controlPlaneToken } from './filters/metadata-token.ts';
import type { GatewayEnvironment } from './gateway-environment.ts';
import { any, type JsonObject } from './json.ts';

/** How long a gateway that starts waits for its previews. It serves without them where the control plane is down, and learns them when that is back. */
const initialFetchTimeout = '1s';

/**
 * The clusters of previews come from the control plane, by the incremental variant of Envoy's aggregated discovery service
 * (https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol). What Envoy has learnt stays when the control plane goes.
 */
export function discovery(): JsonObject {
  return {
    ads_config: {
      api_type: 'DELTA_GRPC',
      transport_api_version: 'V3',
      grpc_services: [{ envoy_grpc: { cluster_name: controlPlane } }],
      set_node_on_first_message_only: true,
    },
    cds_config: { ads: {}, resource_api_version: 'V3', initial_fetch_timeout: initialFetchTimeout },
  };
}

/** The control plane's own cluster: a service on Cloud Run, so the gateway's token is put on the stream. */
export function controlPlaneCluster(environment: GatewayEnvironment, url: string): JsonObject {
  const filters = [
    controlPlaneToken(environment),
    { name: 'envoy.filters.http.upstream_codec', typed_config: any('envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec') },
  ];
  return serviceCluster(controlPlane, url, environment, filters);
}
