import { join } from 'node:path';

/** Where the platform keeps its state unless `--state-dir` says otherwise. */
export const defaultStateDir = join(import.meta.dirname, '../../../.kumiko');
