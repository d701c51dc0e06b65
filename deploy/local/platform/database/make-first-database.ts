import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../../../../services/platform/cloud/spanner/migrate.ts';
import { servicesFolder } from '../../../../services/platform/contracts/product-folder.ts';
import { startSpanner } from '../../cloud/spanner/start-spanner.ts';
import { databaseAddress } from '../place.ts';
import { firstDatabase } from './first-database.ts';
import { migrationsStamp, writeStamp } from './migrations.ts';

// The folder itself stays: where an image is built, it is a mount.
mkdirSync(firstDatabase, { recursive: true });
for (const entry of readdirSync(firstDatabase)) rmSync(join(firstDatabase, entry), { recursive: true });
const spanner = await startSpanner({ port: 0, dataDir: join(firstDatabase, 'spanner') });
process.env['SPANNER_EMULATOR_HOST'] = `127.0.0.1:${spanner.port}`;
process.env['METADATA_SERVER_DETECTION'] = 'none';
await migrate({ ...databaseAddress, root: servicesFolder });
await spanner.close();
writeStamp(firstDatabase, migrationsStamp());
