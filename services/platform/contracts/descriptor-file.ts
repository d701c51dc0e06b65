import { join } from 'node:path';
import { genFolder } from './product-folder.ts';

/** The file of the descriptor set that `npm run build` makes. On its own, for those who only need to know where it is: reading it takes protobuf. */
export const descriptorFile = join(genFolder, 'descriptor.binpb');
