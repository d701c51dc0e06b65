import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createDatabaseDirectory, TEMPLATE_DIRECTORY } from './database-directory.ts';

mkdirSync(dirname(TEMPLATE_DIRECTORY), { recursive: true });
await createDatabaseDirectory(TEMPLATE_DIRECTORY);
