import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { envoyProtoFolders } from './envoy-protos.ts';

/** They import protos of OpenTelemetry and OpenCensus, which the package does not ship. */
const unreadable = ['access_loggers/open_telemetry/', 'trace/v3/opencensus.proto', 'trace/v3/trace.proto'];

let loaded: protobuf.Root | undefined;

/** Envoy's own API, version 3, with every extension, from the protos inside @grpc/grpc-js-xds. Parsed once, in about 0.2 s. */
export function envoyTypes(): protobuf.Root {
  if (loaded !== undefined) return loaded;
  const root = new protobuf.Root();
  const folders = envoyProtoFolders();
  root.resolvePath = (_origin, file) => folders.map((folder) => join(folder, file)).find(existsSync) ?? file;
  const files = ['config', 'extensions', 'type/matcher'].flatMap((folder) =>
    readdirSync(join(folders[0]!, 'envoy', folder), { recursive: true, encoding: 'utf8' }).map((file) => `envoy/${folder}/${file}`),
  );
  root.loadSync(
    files.filter((file) => /\/v3\/[^/]+\.proto$/.test(file) && !unreadable.some((part) => file.includes(part))),
    { keepCase: true },
  );
  addNewerFields(root);
  loaded = root;
  return root;
}

const compressorDirection = 'envoy.extensions.filters.http.compressor.v3.Compressor.CommonDirectionConfig';
const localRateLimit = 'envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit';

/**
 * Fields that Envoy has (since 1.33) and the package's older copy of the API has not: only those that we use. Remove each once the package
 * knows it: a test fails then.
 */
export const newerFields = [
  { message: 'envoy.extensions.wasm.v3.PluginConfig', name: 'failure_policy', id: 7, type: 'FailurePolicy' },
  { message: 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', name: 'auto_sni_san_validation', id: 7, type: 'bool' },
  { message: localRateLimit, name: 'rate_limits', id: 17, type: 'envoy.config.route.v3.RateLimit', rule: 'repeated' },
  { message: localRateLimit, name: 'max_dynamic_descriptors', id: 18, type: 'google.protobuf.UInt32Value' },
  { message: localRateLimit, name: 'enable_retry_after_header', id: 19, type: 'bool' },
  { message: compressorDirection, name: 'content_type_matcher', id: 4, type: 'envoy.type.matcher.v3.StringMatcher', rule: 'repeated' },
  { message: 'envoy.config.rbac.v3.Principal', name: 'sourced_metadata', id: 13, type: 'SourcedMetadata', oneof: 'identifier' },
] as const;

function addNewerFields(root: protobuf.Root): void {
  const policies = { UNSPECIFIED: 0, FAIL_RELOAD: 1, FAIL_CLOSED: 2, FAIL_OPEN: 3 };
  root.define('envoy.extensions.wasm.v3').add(new protobuf.Enum('FailurePolicy', policies));
  const fields: Readonly<Record<string, protobuf.Field>> = {
    ParentBasedSamplerConfig: new protobuf.Field('wrapped_sampler', 1, 'envoy.config.core.v3.TypedExtensionConfig'),
    TraceIdRatioBasedSamplerConfig: new protobuf.Field('sampling_percentage', 1, 'envoy.type.v3.FractionalPercent'),
  };
  const samplers = root.define('envoy.extensions.tracers.opentelemetry.samplers.v3');
  for (const [name, field] of Object.entries(fields)) samplers.add(new protobuf.Type(name).add(field));
  const path = new protobuf.Type('PathSegment').add(new protobuf.Field('key', 1, 'string'));
  const metadataInput = new protobuf.Type('DynamicMetadataInput')
    .add(new protobuf.Field('filter', 1, 'string'))
    .add(new protobuf.Field('path', 2, 'PathSegment', 'repeated'))
    .add(path);
  root.define('envoy.extensions.matching.common_inputs.network.v3').add(metadataInput);
  root
    .define('envoy.extensions.matching.input_matchers.metadata.v3')
    .add(new protobuf.Type('Metadata').add(new protobuf.Field('value', 1, 'envoy.type.matcher.v3.ValueMatcher')));
  const sources = new protobuf.Enum('MetadataSource', { DYNAMIC: 0, ROUTE: 1 });
  const sourced = new protobuf.Type('SourcedMetadata')
    .add(new protobuf.Field('metadata_matcher', 1, 'envoy.type.matcher.v3.MetadataMatcher'))
    .add(new protobuf.Field('metadata_source', 2, 'MetadataSource'));
  root.define('envoy.config.rbac.v3').add(sources).add(sourced);
  for (const { message, name, id, type, ...rest } of newerFields) {
    const field = new protobuf.Field(name, id, type, 'rule' in rest ? rest.rule : undefined);
    if ('oneof' in rest) root.lookupType(message).oneofs[rest.oneof]!.add(field);
    else root.lookupType(message).add(field);
  }
  // A descriptor without a value has stood for any value since 1.33; the older constraint asks for one.
  delete root.lookupType('envoy.extensions.common.ratelimit.v3.RateLimitDescriptor.Entry').fields['value']!.parsedOptions;
}
