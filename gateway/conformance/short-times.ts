import { create, getExtension, setExtension } from '@bufbuild/protobuf';
import { DurationSchema } from '@bufbuild/protobuf/wkt';
import { method as policy } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { compileBootstrap } from '../bootstrap/compile-bootstrap.ts';
import type { GatewayEnvironment } from '../bootstrap/gateway-environment.ts';
import { registryWith } from '../bootstrap/testing/changed-protos.ts';

interface Edge {
  readonly static_resources: {
    readonly listeners: readonly {
      readonly filter_chains: readonly { readonly filters: readonly { readonly typed_config: Record<string, unknown> }[] }[];
    }[];
  };
}

/** The edge with times that a case need not wait for long: a deadline of GetDeal that leaves the route one second, slow headers, silence. */
export function withShortTimes(environment: GatewayEnvironment): unknown {
  const registry = registryWith('CustomerService/GetDeal', (options) => {
    const deadline = create(DurationSchema, { nanos: 1_000_000 });
    setExtension(options, policy, { ...getExtension(options, policy), deadline });
  });
  const bootstrap = structuredClone(compileBootstrap({ role: 'edge', environment, registry })) as unknown as Edge;
  const manager = bootstrap.static_resources.listeners[0]!.filter_chains[0]!.filters[0]!.typed_config;
  Object.assign(manager, { request_headers_timeout: '0.5s', stream_idle_timeout: '1.5s' });
  return bootstrap;
}
