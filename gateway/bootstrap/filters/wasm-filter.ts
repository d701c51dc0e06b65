import { join } from 'node:path/posix';
import type { GatewayEnvironment } from '../gateway-environment.ts';
import { any, type JsonObject } from '../json.ts';

/** The name of all of our own filters. */
export const wasmFilterName = 'envoy.filters.http.wasm';

/** One of our own filters, by the name of its folder, with a VM of its own for each `place` where it stands. */
export function wasmFilter(
  name: string,
  configuration: JsonObject,
  { wasmDir }: Pick<GatewayEnvironment, 'wasmDir'>,
  place?: string,
): JsonObject {
  return {
    name: wasmFilterName,
    typed_config: any('envoy.extensions.filters.http.wasm.v3.Wasm', {
      config: {
        name,
        root_id: name,
        // A trapped VM answers 503 and is made anew with back-off.
        failure_policy: 'FAIL_RELOAD',
        vm_config: {
          vm_id: place === undefined ? name : `${name}/${place}`,
          runtime: 'envoy.wasm.runtime.v8',
          code: { local: { filename: join(wasmDir, `${name}.wasm`) } },
        },
        configuration: any('google.protobuf.StringValue', { value: JSON.stringify(configuration) }),
      },
    }),
  };
}
