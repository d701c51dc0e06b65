import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningSpanner, spannerTargets, startMigrated } from '../../../testing/spanner/spanner-targets.ts';
import { listTables, servicesRoot } from '../../../testing/sql-catalogue.ts';
import { type Database, defineStatements } from '../database.ts';
import { openDatabase } from '../spanner-database.ts';
import { bigint, type Columns, optional, text } from './columns.ts';
import { query } from './statements.ts';
import { Table, table } from './table.ts';

const inSchemas = (schema: string) =>
  `${schema} NOT IN ('information_schema', 'pg_catalog', 'spanner_sys', 'spanner', 'local_spanner', 'public')`;

const statements = defineStatements('test', {
  columns: query(
    { schema: text('schema'), table: text('table_name'), column: text('column_name'), type: text('data_type'), nullable: text('nullable') },
    `SELECT c.table_schema AS schema, c.table_name, c.column_name, c.data_type, c.is_nullable AS nullable
    FROM information_schema.columns c WHERE ${inSchemas('c.table_schema')}`,
  ),
  keys: query(
    { schema: text('schema'), table: text('table_name'), column: text('column_name') },
    `SELECT k.table_schema AS schema, k.table_name, k.column_name
    FROM information_schema.table_constraints t JOIN information_schema.key_column_usage k
      ON k.constraint_schema = t.constraint_schema AND k.constraint_name = t.constraint_name
    WHERE t.constraint_type = 'PRIMARY KEY' AND ${inSchemas('t.table_schema')}
    ORDER BY k.table_schema, k.table_name, k.ordinal_position`,
  ),
});

/** Each column that a table has in only one of two, or other than in the other one. */
function differences(defined: ReadonlyMap<string, string>, migrated: ReadonlyMap<string, string>): string[] {
  return [...new Set([...defined.keys(), ...migrated.keys()])]
    .toSorted()
    .filter((name) => defined.get(name) !== migrated.get(name))
    .map((name) => `${name}: ${defined.get(name) ?? 'nothing'} in the store, ${migrated.get(name) ?? 'nothing'} in the migrations`);
}

function definedColumns(tables: readonly Table<Columns>[]): Map<string, string> {
  return new Map(
    tables.flatMap(({ from, columns }) =>
      Object.values(columns).map(({ name, type, nullable }) => [`${from}.${name}`, nullable ? type : `${type} NOT NULL`]),
    ),
  );
}

function definedKeys(tables: readonly Table<Columns>[]): Map<string, string> {
  return new Map(tables.map(({ from, key, columns }) => [from, key.map((property) => columns[property]?.name).join(', ')]));
}

const defined = await listTables();

test('a table is defined once', () => {
  const names = defined.map(({ from }) => from);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

for (const target of spannerTargets) {
  const skipped = target.missing === undefined ? '' : ` (skipped: ${target.missing})`;
  describe.skipIf(target.missing !== undefined)(`the tables that ${target.name} has after every migration${skipped}`, () => {
    let running: RunningSpanner;
    let database: Database;

    beforeAll(async () => {
      running = await startMigrated(target, servicesRoot);
      database = openDatabase(running.address);
    });

    afterAll(async () => {
      await database?.close();
      await running?.close();
    });

    const migratedColumns = async () =>
      new Map(
        (await statements.columns.all(database, {})).map(({ schema, table, column, type, nullable }) => {
          const name = type === 'character varying' ? 'text' : type;
          return [`${schema}.${table}.${column}`, nullable === 'YES' ? name : `${name} NOT NULL`];
        }),
      );

    test('have the columns of their definitions', async () => {
      expect(differences(definedColumns(defined), await migratedColumns())).toEqual([]);
    });

    test('have the keys of their definitions', async () => {
      const keys = Map.groupBy(await statements.keys.all(database, {}), ({ schema, table }) => `${schema}.${table}`);
      const migrated = new Map([...keys].map(([name, parts]) => [name, parts.map(({ column }) => column).join(', ')]));
      expect(differences(definedKeys(defined), migrated)).toEqual([]);
    });

    test('are told apart from others by name', async () => {
      const leases = table('job', 'leases', {
        key: ['job'],
        columns: { job: text('job'), holder: optional(text('holder')), term: bigint('term') },
      });
      const others = defined.filter(({ from }) => from !== leases.from);
      expect(
        differences(definedColumns([...others, new Table('job', 'leases', leases.key, leases.columns)]), await migratedColumns()),
      ).toEqual([
        'job.leases.expire_time: nothing in the store, timestamp with time zone NOT NULL in the migrations',
        'job.leases.holder: text in the store, text NOT NULL in the migrations',
        'job.leases.term: bigint NOT NULL in the store, nothing in the migrations',
      ]);
    });
  });
}
