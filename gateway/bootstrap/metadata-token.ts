import { join } from 'node:path/posix';
import { audienceOf } from '../../services/contracts/identities.ts';
import { metadataCluster } from './clusters.ts';
import type { GatewayEnvironment, UpstreamName } from './environment.ts';
import { any, type JsonObject } from './json.ts';

/**
 * Adds the gateway's own ID token for the service behind the route. Audiences are given by cluster name: the cluster's metadata that wasm
 * sees may still be the old route's after the transcoder.
 */
export function metadataToken(environment: GatewayEnvironment, upstreams: readonly UpstreamName[]): JsonObject {
  const configuration = {
    metadata_cluster: metadataCluster,
    token_header: 'x-serverless-authorization',
    audiences: Object.fromEntries(upstreams.map((name) => [name, audienceOf(name, environment.project)])),
  };
  return {
    name: 'envoy.filters.http.wasm',
    typed_config: any('envoy.extensions.filters.http.wasm.v3.Wasm', {
      config: {
        name: 'metadata-token',
        root_id: 'metadata-token',
        // A trapped VM answers 503 and is made anew with back-off.
        failure_policy: 'FAIL_RELOAD',
        vm_config: {
          vm_id: 'metadata-token',
          runtime: 'envoy.wasm.runtime.v8',
          code: { local: { filename: join(environment.wasmDir, 'metadata-token.wasm') } },
        },
        configuration: any('google.protobuf.StringValue', { value: JSON.stringify(configuration) }),
      },
    }),
  };
}
