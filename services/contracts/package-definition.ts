import { readFileSync } from 'node:fs';
import { loadFileDescriptorSetFromBuffer, type PackageDefinition } from '@grpc/proto-loader';
import { descriptorFile } from './descriptor-file.ts';

/** Every service and message of the descriptor set, as proto-loader tells them: what reflection answers from. It takes long and holds 10 MB. */
export function packageDefinition(): PackageDefinition {
  return loadFileDescriptorSetFromBuffer(readFileSync(descriptorFile));
}
