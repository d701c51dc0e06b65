import { existsSync, readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { type Fault, join } from './fault.ts';
import { isMap, type ReadMessage } from './message.ts';

const hcmPackage = 'envoy.extensions.filters.network.http_connection_manager.v3';

/** Fields that hold a cluster's name. */
const clusterFields: Readonly<Record<string, string>> = {
  'envoy.config.route.v3.RouteAction': 'cluster',
  'envoy.config.route.v3.WeightedCluster.ClusterWeight': 'name',
  'envoy.config.core.v3.HttpUri': 'cluster',
  'envoy.config.core.v3.GrpcService.EnvoyGrpc': 'cluster_name',
};

/** Checks that what one part names, another part or the disk has. */
export function checkReferences(messages: readonly ReadMessage[], withFiles: boolean): Fault[] {
  return [
    ...checkUnique(messages, 'envoy.config.cluster.v3.Cluster', ({ fields }) => text(fields['name'])),
    ...checkUnique(messages, 'envoy.config.listener.v3.Listener', ({ fields }) => text(fields['name'])),
    ...checkUnique(messages, 'envoy.config.listener.v3.Listener', boundAddress),
    ...checkClusters(messages),
    ...checkJwtProviders(messages),
    ...checkRouteFilters(messages),
    ...checkOverloadTriggers(messages),
    ...(withFiles ? checkFiles(messages) : []),
  ];
}

function ofType(messages: readonly ReadMessage[], type: string): ReadMessage[] {
  return messages.filter((message) => message.type === type);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function checkUnique(messages: readonly ReadMessage[], type: string, keyOf: (message: ReadMessage) => string | undefined): Fault[] {
  const first = new Map<string, string>();
  return ofType(messages, type).flatMap((message) => {
    const { path } = message;
    const key = keyOf(message);
    const owner = key === undefined ? undefined : first.get(key);
    if (key !== undefined && owner === undefined) first.set(key, path);
    return owner === undefined ? [] : [{ path, message: `"${key}" is taken by ${owner}` }];
  });
}

function boundAddress(listener: ReadMessage): string | undefined {
  const { address, port_value: port } = listener.inner('address', 'socket_address')?.fields ?? {};
  return port === undefined || port === 0 ? undefined : `${address}:${port}`;
}

function checkClusters(messages: readonly ReadMessage[]): Fault[] {
  const names = new Set(ofType(messages, 'envoy.config.cluster.v3.Cluster').map(({ fields }) => fields['name']));
  const faults: Fault[] = [];
  const need = (name: unknown, path: string) => {
    if (typeof name === 'string' && !names.has(name)) faults.push({ path, message: `there is no cluster "${name}"` });
  };
  for (const { type, fields, path } of messages) {
    const field = clusterFields[type];
    if (field !== undefined) need(fields[field], join(path, field));
    if (type === 'envoy.extensions.wasm.v3.PluginConfig') {
      for (const name of clustersOfPlugin(fields['configuration'])) need(name, join(path, 'configuration'));
    }
  }
  return faults;
}

/** Our filters name clusters in their JSON configuration. */
function clustersOfPlugin(configuration: unknown): unknown[] {
  try {
    const parsed: unknown = JSON.parse(String(configuration));
    return isMap(parsed) ? [parsed['metadata_cluster'], ...Object.keys(parsed['audiences'] ?? {})] : [];
  } catch {
    return [];
  }
}

function checkJwtProviders(messages: readonly ReadMessage[]): Fault[] {
  return ofType(messages, 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication').flatMap((filter) => {
    const providers = filter.entries('providers').map(([name]) => name);
    return messages
      .filter((message) => message.path.startsWith(`${filter.path}.`) && message.fields['provider_name'] !== undefined)
      .filter((message) => !providers.includes(String(message.fields['provider_name'])))
      .map((message) => ({
        path: join(message.path, 'provider_name'),
        message: `there is no provider "${message.fields['provider_name']}"`,
      }));
  });
}

/** A per-route configuration for a filter that is not in the chain does nothing, in silence. */
function checkRouteFilters(messages: readonly ReadMessage[]): Fault[] {
  return ofType(messages, `${hcmPackage}.HttpConnectionManager`).flatMap((manager) => {
    const filters = manager.items('http_filters').map((filter) => filter?.fields['name']);
    return messages
      .filter((message) => message.path.startsWith(`${manager.path}.route_config`))
      .flatMap((message) =>
        message
          .entries('typed_per_filter_config')
          .map(([name]) => name)
          .filter((name) => !filters.includes(name))
          .map((name) => ({
            path: join(join(message.path, 'typed_per_filter_config'), name),
            message: 'no filter of the chain has this name',
          })),
      );
  });
}

function checkOverloadTriggers(messages: readonly ReadMessage[]): Fault[] {
  const monitors = ofType(messages, 'envoy.config.overload.v3.ResourceMonitor').map(({ fields }) => fields['name']);
  return ofType(messages, 'envoy.config.overload.v3.Trigger')
    .filter(({ fields }) => !monitors.includes(fields['name']))
    .map(({ fields, path }) => ({ path: join(path, 'name'), message: `there is no resource monitor "${fields['name']}"` }));
}

function checkFiles(messages: readonly ReadMessage[]): Fault[] {
  const faults: Fault[] = [];
  const exists = (file: string, path: string) => {
    if (existsSync(file)) return true;
    faults.push({ path, message: `there is no file ${file}` });
    return false;
  };
  for (const message of messages) {
    const { type, fields, path } = message;
    const filename = type === 'envoy.config.core.v3.DataSource' ? text(fields['filename']) : undefined;
    if (filename !== undefined) exists(filename, join(path, 'filename'));
    if (type !== 'envoy.extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder') continue;
    const descriptor = text(fields['proto_descriptor']);
    const at = join(path, 'proto_descriptor');
    if (descriptor !== undefined && exists(descriptor, at)) faults.push(...checkServices(descriptor, message));
  }
  return faults;
}

function checkServices(descriptorFile: string, transcoder: ReadMessage): Fault[] {
  const { path } = transcoder;
  let known: Set<string>;
  try {
    const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(descriptorFile));
    known = new Set(file.flatMap(({ package: name, service }) => service.map((one) => `${name}.${one.name}`)));
  } catch {
    return [{ path: join(path, 'proto_descriptor'), message: `${descriptorFile} is no descriptor set` }];
  }
  return transcoder
    .list('services')
    .flatMap((service, index) =>
      known.has(String(service))
        ? []
        : [{ path: join(join(path, 'services'), index), message: `${descriptorFile} has no service "${service}"` }],
    );
}
