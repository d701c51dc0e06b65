/**
 * Builds the contracts from proto/: `gen/third_party` (sources from npm packages), `gen/descriptor.binpb` (the descriptor set that everything
 * else is derived from) and `gen/types` (protobuf-es). Does nothing when no input changed.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import type { ServiceDefinition } from '@grpc/proto-loader';
import { buildIfChanged } from './build-if-changed.ts';
import { defaultMaxRequestBytes } from './served-methods.ts';

const gen = join(import.meta.dirname, 'gen');
const thirdParty = join(gen, 'third_party');
const next = join(gen, 'next');
const root = join(import.meta.dirname, '../../..');

const googleProtos = [
  'google/api/annotations.proto',
  'google/api/field_behavior.proto',
  'google/api/http.proto',
  'google/api/httpbody.proto',
  'google/api/resource.proto',
  'google/rpc/code.proto',
  'google/rpc/error_details.proto',
  'google/rpc/status.proto',
  'google/type/money.proto',
  'google/type/postal_address.proto',
];

const inputs = [
  ...readdirSync(join(root, 'proto'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.proto'))
    .map((file) => join(root, 'proto', file)),
  join(root, 'buf.yaml'),
  join(root, 'buf.gen.yaml'),
  join(root, 'package-lock.json'),
  import.meta.filename,
  join(import.meta.dirname, 'print-proto.ts'),
  join(import.meta.dirname, 'served-methods.ts'),
];

await buildIfChanged({ name: 'contracts', inputs, output: gen }, async () => {
  // Loaded only when there is something to build: every start of the platform comes by here.
  const { file_buf_validate_validate: validateProto } = await import('@bufbuild/protovalidate/gen/buf/validate/validate_pb.js');
  const { printProto } = await import('./print-proto.ts');
  // Whoever reads the output meanwhile goes on with the last one: the new one takes its place when it is whole.
  rmSync(next, { recursive: true, force: true });
  rmSync(thirdParty, { recursive: true, force: true });
  for (const file of googleProtos) {
    mkdirSync(dirname(join(thirdParty, file)), { recursive: true });
    cpSync(join(root, 'node_modules/google-gax/build/protos', file), join(thirdParty, file));
  }
  // For reflection, which tells of the health service as well.
  mkdirSync(join(thirdParty, 'grpc/health/v1'), { recursive: true });
  cpSync(join(root, 'node_modules/grpc-health-check/proto/health/v1/health.proto'), join(thirdParty, 'grpc/health/v1/health.proto'));
  mkdirSync(join(thirdParty, 'buf/validate'), { recursive: true });
  writeFileSync(join(thirdParty, 'buf/validate/validate.proto'), printProto(validateProto));
  mkdirSync(next);
  buf('build', '--as-file-descriptor-set', '--exclude-source-info', '-o', join(next, 'descriptor.binpb'));
  buf('generate', '--output', next);
  await restoreDescriptor(join(next, 'descriptor.binpb'), validateProto.proto);
  await writeServedMethods(join(next, 'descriptor.binpb'), join(next, 'served-methods.json'));
  for (const output of ['descriptor.binpb', 'types', 'served-methods.json']) {
    rmSync(join(gen, output), { recursive: true, force: true });
    renameSync(join(next, output), join(gen, output));
  }
  rmSync(next, { recursive: true });
});

function buf(...args: string[]): void {
  execFileSync(join(root, 'node_modules/.bin/buf'), args, { cwd: root, stdio: 'inherit' });
}

/** The printed source lacks the options that protovalidate needs: the descriptor set gets the published descriptor back. */
async function restoreDescriptor(file: string, published: FileDescriptorProto): Promise<void> {
  const { fromBinary, toBinary } = await import('@bufbuild/protobuf');
  const { FileDescriptorSetSchema } = await import('@bufbuild/protobuf/wkt');
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(file));
  set.file = set.file.map((candidate) => (candidate.name === published.name ? published : candidate));
  writeFileSync(file, toBinary(FileDescriptorSetSchema, set));
}

/** The service definitions as proto-loader reads them off the descriptor set, without their messages: see served-methods.ts. */
async function writeServedMethods(descriptorFile: string, output: string): Promise<void> {
  const { loadFileDescriptorSetFromBuffer } = await import('@grpc/proto-loader');
  const limits = await requestLimits(readFileSync(descriptorFile));
  const services = Object.entries(loadFileDescriptorSetFromBuffer(readFileSync(descriptorFile)))
    .filter(([typeName, definition]) => typeName.startsWith('kumiko.') && !('format' in definition))
    .map(([typeName, definition]) => ({
      typeName,
      methods: Object.entries(definition as ServiceDefinition).map(([name, { path, requestStream, responseStream }]) => ({
        name,
        path,
        requestStream,
        responseStream,
        maxRequestBytes: limits.get(path),
      })),
    }));
  writeFileSync(output, JSON.stringify(services));
}

/** The largest request of each method, in bytes, by its path: from the option, which the generated types of this build know. */
async function requestLimits(descriptorSet: Uint8Array): Promise<ReadonlyMap<string, number>> {
  const [{ createFileRegistry, fromBinary, getOption, hasOption }, { FileDescriptorSetSchema }, { method: policy }] = await Promise.all([
    import('@bufbuild/protobuf'),
    import('@bufbuild/protobuf/wkt'),
    import(join(next, 'types/kumiko/platform/v1/options_pb.js')) as Promise<typeof import('./gen/types/kumiko/platform/v1/options_pb.js')>,
  ]);
  const limits = new Map<string, number>();
  for (const type of createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet))) {
    if (type.kind !== 'service') continue;
    for (const method of type.methods) {
      const own = hasOption(method, policy) ? getOption(method, policy).maxRequestBytes : 0;
      limits.set(`/${type.typeName}/${method.name}`, own === 0 ? defaultMaxRequestBytes : own);
    }
  }
  return limits;
}
