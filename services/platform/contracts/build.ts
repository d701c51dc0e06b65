/**
 * Builds the contracts from proto/: `gen/third_party` (sources from npm packages), `gen/descriptor.binpb` (the descriptor set that everything
 * else is derived from), `gen/commented.binpb` (the same with the comments, for documents), `gen/services.json` (the list of services) and `gen/types`
 * (protobuf-es). Does nothing when no input changed.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { buildIfChanged } from '../tools/build-if-changed.ts';
import type { HttpOption, PlatformOptions } from './derive-services.ts';
import { genFolder as gen, productFolder, servicesFolder } from './product-folder.ts';
import { checkServiceFolders } from './service-folders.ts';
import type { ServiceList } from './services.ts';

const thirdParty = join(gen, 'third_party');
const next = join(gen, 'next');
const root = join(import.meta.dirname, '../../..');
/** The platform's own protos, which every product imports. */
const platformProtos = join(root, 'proto/kumiko/platform');

const googleProtos = [
  'google/api/annotations.proto',
  'google/api/field_behavior.proto',
  'google/api/field_info.proto',
  'google/api/http.proto',
  'google/api/httpbody.proto',
  'google/api/resource.proto',
  'google/rpc/code.proto',
  'google/rpc/error_details.proto',
  'google/rpc/status.proto',
  'google/type/money.proto',
  'google/type/postal_address.proto',
];

/** What every service serves besides, for reflection to tell of it. */
const grpcProtos = {
  'grpc/health/v1/health.proto': 'grpc-health-check/proto/health/v1/health.proto',
  'grpc/reflection/v1/reflection.proto': '@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto',
  'grpc/reflection/v1alpha/reflection.proto': '@grpc/reflection/build/proto/grpc/reflection/v1alpha/reflection.proto',
};

/** The product's protos; those of another product are built together with the platform's. */
const protoFolders = productFolder === root ? [join(root, 'proto')] : [join(productFolder, 'proto'), join(root, 'proto')];
const protos = protoFolders
  .flatMap(protosIn)
  .filter((file) => file.startsWith(join(productFolder, 'proto')) || file.startsWith(platformProtos));

/** buf.yaml names the modules of this repository's product. */
const modules = [
  { path: relative(root, join(productFolder, 'proto')) },
  { path: 'proto', includes: [relative(root, platformProtos)] },
  { path: relative(root, thirdParty) },
];
const ofAnotherProduct = productFolder === root ? [] : ['--config', JSON.stringify({ version: 'v2', modules })];

// The platform's own types are built with the product of this repository.
if (productFolder !== root) {
  execFileSync(process.execPath, [import.meta.filename], { stdio: 'inherit', env: { ...process.env, KUMIKO_PRODUCT: root } });
}

const inputs = [
  ...protos,
  join(root, 'buf.yaml'),
  join(root, 'buf.gen.yaml'),
  join(root, 'package-lock.json'),
  import.meta.filename,
  join(import.meta.dirname, 'print-proto.ts'),
  join(import.meta.dirname, 'derive-services.ts'),
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
  for (const [file, source] of Object.entries(grpcProtos)) {
    mkdirSync(dirname(join(thirdParty, file)), { recursive: true });
    cpSync(join(root, 'node_modules', source), join(thirdParty, file));
  }
  mkdirSync(join(thirdParty, 'buf/validate'), { recursive: true });
  writeFileSync(join(thirdParty, 'buf/validate/validate.proto'), printProto(validateProto));
  mkdirSync(next);
  buf('build', '--as-file-descriptor-set', '--exclude-source-info', '-o', join(next, 'descriptor.binpb'));
  buf('build', '--as-file-descriptor-set', '-o', join(next, 'commented.binpb'));
  buf('generate', '--output', next);
  for (const set of ['descriptor.binpb', 'commented.binpb']) await restoreDescriptor(join(next, set), validateProto.proto);
  await writeServiceList(join(next, 'descriptor.binpb'), join(next, 'services.json'));
  for (const output of ['descriptor.binpb', 'commented.binpb', 'types', 'services.json']) {
    rmSync(join(gen, output), { recursive: true, force: true });
    renameSync(join(next, output), join(gen, output));
  }
  rmSync(next, { recursive: true });
});
// Folders come and go without a change of the protos.
checkServiceFolders((JSON.parse(readFileSync(join(gen, 'services.json'), 'utf8')) as ServiceList).services, servicesFolder);

function buf(...args: string[]): void {
  execFileSync(join(root, 'node_modules/.bin/buf'), [...args, ...ofAnotherProduct], { cwd: root, stdio: 'inherit' });
}

/** The printed source lacks the options that protovalidate needs: the descriptor set gets the published descriptor back. */
async function restoreDescriptor(file: string, published: FileDescriptorProto): Promise<void> {
  const { fromBinary, toBinary } = await import('@bufbuild/protobuf');
  const { FileDescriptorSetSchema } = await import('@bufbuild/protobuf/wkt');
  const set = fromBinary(FileDescriptorSetSchema, readFileSync(file));
  set.file = set.file.map((candidate) => (candidate.name === published.name ? published : candidate));
  writeFileSync(file, toBinary(FileDescriptorSetSchema, set));
}

/** Writes the list of services: see services.ts. The generated types of this build know the options. */
async function writeServiceList(descriptorFile: string, output: string): Promise<void> {
  const [{ fromBinary }, { FileDescriptorSetSchema }, { deriveServices }, options, { http }] = await Promise.all([
    import('@bufbuild/protobuf'),
    import('@bufbuild/protobuf/wkt'),
    import('./derive-services.ts'),
    import(join(next, 'types/kumiko/platform/v1/options_pb.js')) as Promise<PlatformOptions>,
    import(join(next, 'types/google/api/annotations_pb.js')) as Promise<{ http: HttpOption }>,
  ]);
  const bytes = readFileSync(descriptorFile);
  const ownFiles = new Set(
    protoFolders.flatMap((folder) => protos.flatMap((file) => (file.startsWith(folder) ? [relative(folder, file)] : []))),
  );
  const list = deriveServices({ set: fromBinary(FileDescriptorSetSchema, bytes), bytes, options, http, ownFiles });
  writeFileSync(output, JSON.stringify(list));
}

function protosIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.proto')).map((file) => join(folder, file));
}
