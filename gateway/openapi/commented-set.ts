import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { genFolder } from '../../services/platform/contracts/product-folder.ts';

/** The descriptor set with the comments of the protos, which `npm run build` makes for documents. */
export const commentedSetFile = join(genFolder, 'commented.binpb');

/** Reads the descriptor set with the comments of the protos. */
export function readCommentedSet(): FileDescriptorSet {
  return fromBinary(FileDescriptorSetSchema, readFileSync(commentedSetFile));
}
