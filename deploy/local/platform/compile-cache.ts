import { join } from 'node:path';

/** The folder of Node's compile cache. Stripping types and compiling is most of a start: what one process has compiled, the next one reads. */
export const compileCache = join(import.meta.dirname, '../../../node_modules/.cache/kumiko-compile');
