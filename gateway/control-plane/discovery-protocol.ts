import {
  makeGenericClientConstructor,
  type ServerDuplexStream,
  type ServiceClientConstructor,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { envoyProtoFolders } from '../bootstrap/validation/envoy-protos.ts';

/** google.protobuf.Any. */
interface Packed {
  readonly type_url: string;
  readonly value: Buffer;
}

/** envoy.config.core.v3.Node, as far as it is read. */
export interface Node {
  readonly id?: string;
  readonly user_agent_name?: string;
  readonly user_agent_build_version?: { readonly version?: Readonly<Partial<Record<'major_number' | 'minor_number' | 'patch', number>>> };
}

/** What clients send in both variants. */
interface Request {
  /** In the first message of a stream. */
  readonly node?: Node;
  readonly type_url?: string;
  /** Of the response that this answers; none in the first request of a type. */
  readonly response_nonce?: string;
  /** Only this says that a response is refused. */
  readonly error_detail?: { readonly message?: string };
}

/** envoy.service.discovery.v3.DeltaDiscoveryRequest. */
export interface DeltaRequest extends Request {
  readonly resource_names_subscribe?: readonly string[];
  readonly resource_names_unsubscribe?: readonly string[];
  /** In the first request of a type on a stream: what the client has from an earlier one. */
  readonly initial_resource_versions?: Readonly<Record<string, string>>;
}

/** envoy.service.discovery.v3.DeltaDiscoveryResponse. */
export interface DeltaResponse {
  readonly system_version_info: string;
  readonly type_url: string;
  readonly nonce: string;
  readonly resources: readonly { readonly name: string; readonly version: string; readonly resource: Packed }[];
  readonly removed_resources: readonly string[];
}

/** envoy.service.discovery.v3.DiscoveryRequest. */
export interface StateRequest extends Request {
  /** Of the response that was accepted last, be it from another stream. */
  readonly version_info?: string;
  readonly resource_names?: readonly string[];
}

/** envoy.service.discovery.v3.DiscoveryResponse. */
export interface StateResponse {
  readonly version_info: string;
  readonly type_url: string;
  readonly nonce: string;
  readonly resources: readonly Packed[];
}

/** The handlers of the aggregated discovery service. */
export interface DiscoveryHandlers {
  readonly DeltaAggregatedResources: (stream: ServerDuplexStream<DeltaRequest, DeltaResponse>) => void;
  readonly StreamAggregatedResources: (stream: ServerDuplexStream<StateRequest, StateResponse>) => void;
}

/** `envoy.service.discovery.v3.AggregatedDiscoveryService` by Envoy's own protos, which @grpc/grpc-js-xds ships. */
export function discoveryService(): { definition: ServiceDefinition; Client: ServiceClientConstructor } {
  const loaded = loadSync('envoy/service/discovery/v3/ads.proto', {
    keepCase: true,
    // Absent stays absent: what is there tells requests apart.
    defaults: false,
    includeDirs: [...envoyProtoFolders()],
  });
  const name = 'envoy.service.discovery.v3.AggregatedDiscoveryService';
  const definition = loaded[name];
  // Messages and enums have a format, services have not.
  if (definition === undefined || 'format' in definition) throw new Error(`@grpc/grpc-js-xds has no ${name}`);
  return { definition, Client: makeGenericClientConstructor(definition, name) };
}
