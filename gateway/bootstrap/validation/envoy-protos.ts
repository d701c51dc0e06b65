import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where the image of the control plane has them: beside its program. */
const beside = join(import.meta.dirname, 'envoy-protos');

/** The folders that Envoy's protos and what they import are found in, the API's own first. */
export function envoyProtoFolders(): readonly string[] {
  const [api, wellKnown] = existsSync(beside) ? [beside, join(beside, 'well-known')] : ofPackages();
  return [...['envoy-api', 'googleapis', 'protoc-gen-validate', 'xds'].map((folder) => join(api, folder)), wellKnown];
}

/** The API that @grpc/grpc-js-xds ships, and google/protobuf/descriptor.proto. */
export function ofPackages(): readonly [api: string, wellKnown: string] {
  const packages = join(import.meta.dirname, '../../../node_modules');
  return [join(packages, '@grpc/grpc-js-xds/deps'), join(packages, 'protobufjs')];
}
