import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../testing/spanner/fault-proxy.ts';
import { type RunningSpanner, spannerTargets } from '../../testing/spanner/spanner-targets.ts';
import { migrate } from './migrate.ts';
import { readMigrations, splitStatements } from './migrations.ts';
import { openDatabase } from './spanner-database.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'migrations-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(service: string, file: string, text: string): void {
  mkdirSync(join(root, service, 'migrations'), { recursive: true });
  writeFileSync(join(root, service, 'migrations', file), text);
}

describe('migration files', () => {
  test('are split at semicolons that end a line, without comments', () => {
    const text =
      "-- A comment;\nCREATE TABLE a.t (\n  -- inside;\n  id text DEFAULT ';' PRIMARY KEY\n);\n\nCREATE INDEX i ON a.t (id); -- behind\n";
    expect(splitStatements(text)).toEqual(["CREATE TABLE a.t (\n\n  id text DEFAULT ';' PRIMARY KEY\n)", 'CREATE INDEX i ON a.t (id)']);
  });

  test('are ordered by service, then by number', () => {
    write('b', '001-x.sql', '');
    write('a', '002-y.sql', '');
    write('a', '001-z.sql', '');
    expect(readMigrations(root).map(({ name }) => name)).toEqual(['a/001-z.sql', 'a/002-y.sql', 'b/001-x.sql']);
  });

  test('with a wrong name or a number twice are refused by name', () => {
    write('a', '1-x.sql', '');
    expect(() => readMigrations(root)).toThrow('a/migrations/1-x.sql');
    rmSync(join(root, 'a/migrations/1-x.sql'));
    write('a', '001-x.sql', '');
    write('a', '001-y.sql', '');
    expect(() => readMigrations(root)).toThrow('a/migrations/001-y.sql: there is another migration 001');
  });
});

for (const target of spannerTargets) {
  const skipped = target.missing === undefined ? '' : ` (skipped: ${target.missing})`;
  describe.skipIf(target.missing !== undefined)(`migrations on ${target.name}${skipped}`, () => {
    let spanner: RunningSpanner;
    let proxy: FaultProxy;

    beforeEach(async () => {
      spanner = await target.start();
      proxy = await startFaultProxy(spanner.host);
      process.env['SPANNER_EMULATOR_HOST'] = proxy.host;
    });
    afterEach(async () => {
      await proxy?.close();
      await spanner?.close();
    });

    test('make the database, are applied once, and cost one read when there is nothing to do', async () => {
      write('a', '001-x.sql', 'CREATE SCHEMA IF NOT EXISTS a;\nCREATE TABLE a.t (id text PRIMARY KEY);\n');
      expect(await migrate({ ...spanner.address, root })).toEqual(['a/001-x.sql']);
      proxy.forget();
      expect(await migrate({ ...spanner.address, root })).toEqual([]);
      expect(proxy.calls).toEqual(['ExecuteStreamingSql']);
      write('a', '002-y.sql', 'ALTER TABLE a.t ADD COLUMN n bigint;\n');
      expect(await migrate({ ...spanner.address, root })).toEqual(['a/002-y.sql']);
      const database = openDatabase(spanner.address);
      expect(await database.query({ name: 'a.read', text: 'SELECT id, n FROM a.t' })).toEqual([]);
      await database.close();
    });

    test('go on after a statement that was refused, which is named', async () => {
      write('a', '001-x.sql', 'CREATE SCHEMA IF NOT EXISTS a;\nCREATE TABLE IF NOT EXISTS a.t (id text PRIMARY KEY);\n');
      write('a', '002-y.sql', 'CREATE INDEX IF NOT EXISTS i ON a.t (missing);\n');
      await expect(migrate({ ...spanner.address, root })).rejects.toThrow('migration a/002-y.sql: ');
      write('a', '002-y.sql', 'CREATE INDEX IF NOT EXISTS i ON a.t (id DESC);\n');
      expect(await migrate({ ...spanner.address, root })).toEqual(['a/002-y.sql']);
    });

    test('are refused where a file was changed after it was applied', async () => {
      write('a', '001-x.sql', 'CREATE SCHEMA IF NOT EXISTS a;\n');
      await migrate({ ...spanner.address, root });
      write('a', '001-x.sql', 'CREATE SCHEMA IF NOT EXISTS b;\n');
      await expect(migrate({ ...spanner.address, root })).rejects.toThrow('migration a/001-x.sql was changed after it was applied');
    });
  });
}
