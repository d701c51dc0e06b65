import type { Spanner, Database as SpannerDatabase } from '@google-cloud/spanner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limitCases } from '../../testing/spanner/limit-cases.ts';
import { type RunningSpanner, spannerTargets, startMigrated } from '../../testing/spanner/spanner-targets.ts';
import type { Database } from './database.ts';
import { connectSpanner } from './spanner-client.ts';
import { openDatabase } from './spanner-database.ts';

/** Cases that Google's emulator does otherwise, each with the reason. They have to fail there: a case that has come to pass must leave the list. */
const differences: Readonly<Record<string, string>> = {
  'a request that is no commit has at most 10 MiB': 'the emulator takes 100 MiB',
  'the mutations of a commit write at most 80,000 columns and entries of indexes': 'the emulator does not count mutations',
  'a DML statement writes at most 80,000 columns and entries of indexes': 'the emulator does not count mutations',
};

for (const target of spannerTargets) {
  const skipped = target.missing === undefined ? '' : ` (skipped: ${target.missing})`;
  const isEmulator = target.name.startsWith('Google');
  describe.skipIf(target.missing !== undefined)(`the limits of ${target.name}${skipped}`, () => {
    let running: RunningSpanner;
    let client: { spanner: Spanner; database: SpannerDatabase };
    let database: Database;

    beforeAll(async () => {
      running = await startMigrated(target);
      client = await connectSpanner(running.address);
      database = openDatabase(running.address);
    });

    afterAll(async () => {
      await database?.close();
      await client?.database.close();
      client?.spanner.close();
      await running?.close();
    });

    for (const { name, run } of limitCases) {
      const difference = isEmulator ? differences[name] : undefined;
      const work = () => run({ database, google: client.database, spanner: client.spanner });
      if (difference === undefined) test(name, work);
      else test.fails(`${name} (known difference: ${difference})`, work);
    }
  });
}

test('differences are of cases in the suite', () => {
  expect(limitCases.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(differences)));
});
