import { afterAll, beforeAll, describe, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../testing/spanner/fault-proxy.ts';
import { type RunningSpanner, spannerTargets, startMigrated } from '../../testing/spanner/spanner-targets.ts';
import { storageCases } from '../../testing/spanner/storage-suite.ts';
import type { Database } from './database.ts';
import { openDatabase } from './spanner-database.ts';

for (const target of spannerTargets) {
  describe.skipIf(target.missing !== undefined)(
    `${target.name}${target.missing === undefined ? '' : ` (skipped: ${target.missing})`}`,
    () => {
      let spanner: RunningSpanner;
      let proxy: FaultProxy;
      let database: Database;

      beforeAll(async () => {
        spanner = await startMigrated(target);
        proxy = await startFaultProxy(spanner.host);
        process.env['SPANNER_EMULATOR_HOST'] = proxy.host;
        database = openDatabase(spanner.address);
        await database.query({ name: 'warm', text: 'SELECT 1 AS one' });
      });

      afterAll(async () => {
        await database?.close();
        await proxy?.close();
        await spanner?.close();
      });

      test.each(storageCases)('$name', ({ run }) => run({ database, proxy }));
    },
  );
}
