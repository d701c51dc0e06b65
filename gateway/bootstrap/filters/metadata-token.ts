import { audienceOf, controlPlane } from '../../../services/platform/contracts/identities.ts';
import { metadataCluster } from '../clusters.ts';
import { type GatewayEnvironment, hasPreviews } from '../gateway-environment.ts';
import type { JsonObject } from '../json.ts';
import { previewRouteName } from '../previews.ts';
import { documentRoutePrefix } from '../routes/documents.ts';
import { wasmFilter } from './wasm-filter.ts';

/** The header that Cloud Run's check of callers looks at first. */
const tokenHeader = 'x-serverless-authorization';

/**
 * Adds the gateway's own ID token for the service behind the route. Audiences are given by cluster name: the cluster's metadata that wasm
 * sees may still be the old route's after the transcoder. A preview's cluster has the service's name up to "@": all revisions share its audience.
 */
export function metadataToken(environment: GatewayEnvironment, upstreams: readonly string[]): JsonObject {
  const answering = [
    // What leads to no preview is answered by the router.
    ...(hasPreviews(environment) ? [previewRouteName('*')] : []),
    ...(environment.documents === undefined ? [] : [`${documentRoutePrefix}/*`]),
  ];
  const configuration = {
    metadata_cluster: metadataCluster,
    token_header: tokenHeader,
    audiences: Object.fromEntries(upstreams.map((name) => [name, audienceOf(name, environment.project)])),
    // The direct responses of routes.ts and documents.ts. The filter gives the first itself, since a REST request is on that route, too, until it is transcoded and
    // its route is resolved anew. Any other request without a cluster is refused.
    not_found_routes: ['not-found'],
    ...(answering.length > 0 && { answering_routes: answering }),
  };
  return wasmFilter('metadata-token', configuration, environment);
}

/** The same on the way to the control plane, which Envoy itself calls: no route leads there. */
export function controlPlaneToken(environment: GatewayEnvironment): JsonObject {
  const configuration = {
    metadata_cluster: metadataCluster,
    token_header: tokenHeader,
    audiences: { [controlPlane]: audienceOf(controlPlane, environment.project) },
  };
  return wasmFilter('metadata-token', configuration, environment, controlPlane);
}
