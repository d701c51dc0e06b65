import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import protobuf from 'protobufjs';

const require = createRequire(import.meta.url);
const deps = join(dirname(require.resolve('@grpc/grpc-js-xds/package.json')), 'deps');
const importRoots = [
  ...['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map((folder) => join(deps, folder)),
  // google/protobuf/descriptor.proto
  dirname(require.resolve('protobufjs/package.json')),
];

/** They import protos of OpenTelemetry and OpenCensus, which the package does not ship. */
const unreadable = ['access_loggers/open_telemetry/', 'trace/v3/opencensus.proto', 'trace/v3/trace.proto'];

let loaded: protobuf.Root | undefined;

/** Envoy's own API, version 3, with every extension, from the protos inside @grpc/grpc-js-xds. Parsed once, in about 0.2 s. */
export function envoyTypes(): protobuf.Root {
  if (loaded !== undefined) return loaded;
  const root = new protobuf.Root();
  root.resolvePath = (_origin, file) => importRoots.map((folder) => join(folder, file)).find(existsSync) ?? file;
  const files = ['config', 'extensions'].flatMap((folder) =>
    readdirSync(join(deps, 'envoy-api/envoy', folder), { recursive: true, encoding: 'utf8' }).map((file) => `envoy/${folder}/${file}`),
  );
  root.loadSync(
    files.filter((file) => /\/v3\/[^/]+\.proto$/.test(file) && !unreadable.some((part) => file.includes(part))),
    { keepCase: true },
  );
  addNewerFields(root);
  loaded = root;
  return root;
}

/**
 * Fields that Envoy has (since 1.33) and the package's older copy of the API has not: only those that we use. Remove each once the package
 * knows it: a test fails then.
 */
export const newerFields = [
  { message: 'envoy.extensions.wasm.v3.PluginConfig', field: 'failure_policy' },
  { message: 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', field: 'auto_sni_san_validation' },
] as const;

function addNewerFields(root: protobuf.Root): void {
  const [plugin, tls] = newerFields;
  const values = { UNSPECIFIED: 0, FAIL_RELOAD: 1, FAIL_CLOSED: 2, FAIL_OPEN: 3 };
  root.define('envoy.extensions.wasm.v3').add(new protobuf.Enum('FailurePolicy', values));
  root.lookupType(plugin.message).add(new protobuf.Field(plugin.field, 7, 'FailurePolicy'));
  root.lookupType(tls.message).add(new protobuf.Field(tls.field, 7, 'bool'));
}
