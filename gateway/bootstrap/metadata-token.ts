import { audienceOf } from '../../services/platform/contracts/identities.ts';
import { metadataCluster, previewCluster } from './clusters.ts';
import { documentRoutePrefix } from './documents.ts';
import type { GatewayEnvironment } from './environment.ts';
import type { JsonObject } from './json.ts';
import { previewsOf } from './previews.ts';
import { wasmFilter } from './wasm-filter.ts';

/**
 * Adds the gateway's own ID token for the service behind the route. Audiences are given by cluster name: the cluster's metadata that wasm
 * sees may still be the old route's after the transcoder. All revisions of a service share its audience.
 */
export function metadataToken(environment: GatewayEnvironment, upstreams: readonly string[]): JsonObject {
  const audience = (name: string) => audienceOf(name, environment.project);
  const answering = [
    ...(environment.strictPreviews ? ['unknown-preview/*'] : []),
    ...(environment.documents === undefined ? [] : [`${documentRoutePrefix}/*`]),
  ];
  const configuration = {
    metadata_cluster: metadataCluster,
    token_header: 'x-serverless-authorization',
    audiences: Object.fromEntries([
      ...upstreams.map((name) => [name, audience(name)]),
      ...previewsOf(environment, upstreams).map((preview) => [previewCluster(preview), audience(preview.service)]),
    ]),
    // The direct responses of routes.ts and documents.ts. The filter gives the first itself, since a REST request is on that route, too, until it is transcoded and
    // its route is resolved anew. Any other request without a cluster is refused.
    not_found_routes: ['not-found'],
    ...(answering.length > 0 && { answering_routes: answering }),
  };
  return wasmFilter('metadata-token', configuration, environment);
}
