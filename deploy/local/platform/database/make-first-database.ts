import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../../../../services/platform/cloud/spanner/migrate.ts';
import { servicesFolder } from '../../../../services/platform/contracts/product-folder.ts';
import { startSpanner } from '../../cloud/spanner/start-spanner.ts';
import { databaseAddress } from '../place.ts';
import { firstDatabase } from './first-database.ts';
import { migrationsStamp, removeStamp, writeStamp } from './migrations.ts';

// The stamp first: who is copying it sees that it goes.
removeStamp(firstDatabase);
rmSync(firstDatabase, { recursive: true, force: true });
mkdirSync(firstDatabase, { recursive: true });
const spanner = await startSpanner({ port: 0, dataDir: join(firstDatabase, 'spanner') });
process.env['SPANNER_EMULATOR_HOST'] = `127.0.0.1:${spanner.port}`;
process.env['METADATA_SERVER_DETECTION'] = 'none';
await migrate({ ...databaseAddress, root: servicesFolder });
await spanner.close();
writeStamp(firstDatabase, migrationsStamp());
