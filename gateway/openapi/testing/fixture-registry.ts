import { execFileSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { file_buf_validate_validate } from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { genFolder } from '../../../services/platform/contracts/product-folder.ts';

const root = join(import.meta.dirname, '../../..');

/** fixture.proto beside this file, compiled with its comments. */
export function fixtureRegistry(): FileRegistry {
  const modules = [
    { path: relative(root, import.meta.dirname) },
    { path: 'proto', includes: ['proto/kumiko/platform'] },
    { path: relative(root, join(genFolder, 'third_party')) },
  ];
  const config = JSON.stringify({ version: 'v2', modules });
  const buf = join(root, 'node_modules/.bin/buf');
  const bytes = execFileSync(buf, ['build', '--config', config, '--as-file-descriptor-set', '-o', '-'], { cwd: root, maxBuffer: 1 << 26 });
  const set = fromBinary(FileDescriptorSetSchema, bytes);
  // As in the build: the printed source of these rules has no options of its own.
  const rules = file_buf_validate_validate.proto;
  set.file = set.file.map((file) => (file.name === rules.name ? rules : file));
  return createFileRegistry(set);
}
