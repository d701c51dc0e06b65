import { audienceOf } from '../../services/contracts/identities.ts';
import { metadataCluster, previewCluster } from './clusters.ts';
import type { GatewayEnvironment, UpstreamName } from './environment.ts';
import type { JsonObject } from './json.ts';
import { previewsOf } from './previews.ts';
import { wasmFilter } from './wasm-filter.ts';

/**
 * Adds the gateway's own ID token for the service behind the route. Audiences are given by cluster name: the cluster's metadata that wasm
 * sees may still be the old route's after the transcoder. All revisions of a service share its audience.
 */
export function metadataToken(environment: GatewayEnvironment, upstreams: readonly UpstreamName[]): JsonObject {
  const audience = (name: UpstreamName) => audienceOf(name, environment.project);
  const configuration = {
    metadata_cluster: metadataCluster,
    token_header: 'x-serverless-authorization',
    audiences: Object.fromEntries([
      ...upstreams.map((name) => [name, audience(name)]),
      ...previewsOf(environment, upstreams).map((preview) => [previewCluster(preview), audience(preview.service)]),
    ]),
    // The direct responses of routes.ts. Any other request without a cluster is refused.
    answering_routes: ['not-found', 'unknown-preview/*'],
  };
  return wasmFilter('metadata-token', configuration, environment);
}
