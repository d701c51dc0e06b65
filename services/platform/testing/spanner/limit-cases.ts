import type { Spanner, Database as SpannerDatabase } from '@google-cloud/spanner';
import { status } from '@grpc/grpc-js';
import { expect } from 'vitest';
import type { Database, Statement, Value } from '../../cloud/spanner/database.ts';

/** What a case gets: a database without tables, by our port and by Google's client. */
interface LimitsTarget {
  readonly database: Database;
  readonly google: SpannerDatabase;
  readonly spanner: Spanner;
}

/** One limit of https://cloud.google.com/spanner/quotas. */
interface LimitCase {
  readonly name: string;
  run(target: LimitsTarget): Promise<void>;
}

const maxKeyBytes = 8 * 1024;
const maxTextCharacters = 2_621_440;
const maxCellBytes = 10 * 1024 * 1024;
const list = (count: number, item: (index: number) => string) => Array.from({ length: count }, (_, index) => item(index));

export const limitCases: readonly LimitCase[] = [
  {
    name: 'a primary key has at most 8 KiB, by DML and by mutation',
    async run(target) {
      await define(target, 'CREATE TABLE long_keys (id text PRIMARY KEY)');
      await write(target, 'INSERT INTO long_keys (id) VALUES ($1)', 'k'.repeat(maxKeyBytes));
      expect(await codeOf(write(target, 'INSERT INTO long_keys (id) VALUES ($1)', 'l'.repeat(maxKeyBytes + 1)))).toBe(
        status.INVALID_ARGUMENT,
      );
      const insert = target.google.table('long_keys').insert({ id: 'é'.repeat(maxKeyBytes / 2 + 1) });
      expect(await codeOf(insert)).toBe(status.INVALID_ARGUMENT);
    },
  },
  {
    name: 'a key of an index has at most 8 KiB, with the primary key that ends it',
    async run(target) {
      await define(target, 'CREATE TABLE long_notes (id text PRIMARY KEY, note text)', 'CREATE INDEX by_note ON long_notes (note)');
      const insert = (id: string, note: string) => write(target, 'INSERT INTO long_notes (id, note) VALUES ($1, $2)', id, note);
      await insert('i', 'n'.repeat(maxKeyBytes - 1));
      expect(await codeOf(insert('ii', 'n'.repeat(maxKeyBytes - 1)))).toBe(status.INVALID_ARGUMENT);
      await define(target, 'DROP INDEX by_note');
      await insert('ii', 'n'.repeat(maxKeyBytes - 1));
    },
  },
  {
    name: 'a text has at most 2,621,440 characters',
    async run(target) {
      await define(target, 'CREATE TABLE texts (id text PRIMARY KEY, body text)');
      const insert = (id: string, body: string) => write(target, 'INSERT INTO texts (id, body) VALUES ($1, $2)', id, body);
      await insert('characters, not bytes', 'é'.repeat(maxTextCharacters));
      expect(await codeOf(insert('too long', 'x'.repeat(maxTextCharacters + 1)))).toBe(status.FAILED_PRECONDITION);
    },
  },
  {
    name: 'bytes have at most 10 MiB',
    async run({ google, ...target }) {
      await define({ google, ...target }, 'CREATE TABLE files (id text PRIMARY KEY, raw bytea)');
      await google.table('files').insert({ id: 'fits', raw: Buffer.alloc(maxCellBytes) });
      const insert = google.table('files').insert({ id: 'too large', raw: Buffer.alloc(maxCellBytes + 1) });
      expect(await codeOf(insert)).toBe(status.FAILED_PRECONDITION);
    },
  },
  {
    name: 'a statement has a million characters and not many more',
    async run({ database }) {
      const text = (characters: number) => `SELECT 1 AS one /*${'x'.repeat(characters - 20)}*/`;
      expect(await database.query({ name: 'long', text: text(1_000_000) })).toHaveLength(1);
      expect(await codeOf(database.query({ name: 'too long', text: text(1024 * 1024 + 1) }))).toBe(status.INVALID_ARGUMENT);
    },
  },
  {
    name: 'a statement has at most 950 parameters',
    async run({ database }) {
      const among = (count: number) => {
        const text = `SELECT one FROM (SELECT 'x'::text AS one) AS t WHERE one IN (${list(count, (index) => `$${index + 1}`).join()})`;
        return database.query(
          { name: 'among', text },
          list(count, () => 'x'),
        );
      };
      expect(await among(950)).toEqual([{ one: 'x' }]);
      expect(await codeOf(among(951))).toBe(status.INVALID_ARGUMENT);
    },
  },
  {
    name: 'a request that is no commit has at most 10 MiB',
    async run(target) {
      await define(target, 'CREATE TABLE drafts (id text PRIMARY KEY, raw bytea, more bytea)');
      const insert = (bytes: number) =>
        write(target, 'INSERT INTO drafts (id, raw, more) VALUES ($1, $2, $3)', String(bytes), Buffer.alloc(bytes), Buffer.alloc(bytes));
      await insert(3_900_000);
      expect(await codeOf(insert(4_000_000))).toBe(status.INVALID_ARGUMENT);
    },
  },
  {
    name: 'the mutations of a commit write at most 80,000 columns and entries of indexes',
    async run(target) {
      // 39 columns and an entry of the index: 2,000 rows are 80,000.
      const columns = list(38, (index) => `c${index}`);
      await define(
        target,
        `CREATE TABLE cells (id text PRIMARY KEY, ${columns.map((name) => `${name} text`).join()})`,
        'CREATE INDEX cells_by_c0 ON cells (c0)',
      );
      const cells = Object.fromEntries(columns.map((name) => [name, '']));
      const rows = (count: number, prefix: string) => Array.from({ length: count }, (_, index) => ({ id: `${prefix}${index}`, ...cells }));
      await target.google.table('cells').insert(rows(2_000, 'x'));
      expect(await codeOf(target.google.table('cells').insert(rows(2_001, 'y')))).toBe(status.INVALID_ARGUMENT);
    },
  },
  {
    name: 'a DML statement writes at most 80,000 columns and entries of indexes',
    async run(target) {
      const columns = list(8, (index) => `c${index}`);
      await define(
        target,
        'CREATE TABLE digits (id text PRIMARY KEY)',
        `CREATE TABLE products (id text PRIMARY KEY, ${columns.map((name) => `${name} text`).join()})`,
        'CREATE INDEX products_by_c0 ON products (c0)',
      );
      await target.google.table('digits').insert(Array.from({ length: 100 }, (_, index) => ({ id: String(index).padStart(2, '0') })));
      const copy = (most: string) =>
        write(
          target,
          `INSERT INTO products (id, ${columns.join()}) SELECT a.id || b.id, ${columns.map(() => "''::text").join()}
            FROM digits AS a CROSS JOIN digits AS b WHERE a.id || b.id < '${most}'`,
        );
      expect(await codeOf(copy('8001'))).toBe(status.INVALID_ARGUMENT);
      expect(await copy('8000')).toBe(8_000);
      expect(await write(target, 'DELETE FROM products WHERE id > $1', '')).toBe(8_000);
    },
  },
  {
    name: 'a table has at most 1,024 columns',
    async run(target) {
      const table = (name: string, columns: number) =>
        define(target, `CREATE TABLE ${name} (id text PRIMARY KEY, ${list(columns - 1, (index) => `c${index} bigint`).join()})`);
      await table('broad', 1024);
      expect(await codeOf(table('too_broad', 1025))).toBe(status.FAILED_PRECONDITION);
    },
  },
  {
    name: 'a primary key and a key of an index have at most 16 columns',
    async run(target) {
      const names = list(17, (index) => `c${index}`);
      const columns = names.map((name) => `${name} bigint NOT NULL`).join();
      await define(
        target,
        `CREATE TABLE sixteen (${columns}, PRIMARY KEY (${names.slice(0, 16)}))`,
        `CREATE TABLE one (id bigint PRIMARY KEY, ${columns})`,
        `CREATE INDEX fifteen_and_the_key ON one (${names.slice(0, 15)})`,
      );
      expect(await codeOf(define(target, `CREATE TABLE seventeen (${columns}, PRIMARY KEY (${names}))`))).toBe(status.INVALID_ARGUMENT);
      expect(await codeOf(define(target, `CREATE INDEX sixteen_and_the_key ON one (${names.slice(0, 16)})`))).toBe(status.INVALID_ARGUMENT);
    },
  },
  {
    name: 'a table has at most 128 indexes',
    async run(target) {
      await define(target, 'CREATE TABLE indexed (id bigint PRIMARY KEY, a bigint)');
      await define(target, ...list(128, (index) => `CREATE INDEX indexed_${index} ON indexed (a)`));
      expect(await codeOf(define(target, 'CREATE INDEX one_more ON indexed (a)'))).toBe(status.FAILED_PRECONDITION);
    },
  },
  {
    name: 'an instance has an id of 2 to 64 characters, a database one of 2 to 30',
    async run({ google, spanner }) {
      for (const id of ['i', 'i'.repeat(65), 'ends-']) {
        const create = spanner.createInstance(id, { config: 'local', nodes: 1, displayName: 'local' });
        expect(await codeOf(create), id).toBe(status.INVALID_ARGUMENT);
      }
      const parent = google.formattedName_.split('/databases/')[0]!;
      for (const id of ['d', 'd'.repeat(31), 'Capital', 'ends_']) {
        const create = spanner
          .getDatabaseAdminClient()
          .createDatabase({ parent, createStatement: `CREATE DATABASE "${id}"`, databaseDialect: 'POSTGRESQL' });
        expect(await codeOf(create), id).toBe(status.INVALID_ARGUMENT);
      }
    },
  },
];

async function define({ google }: LimitsTarget, ...statements: readonly string[]): Promise<void> {
  const [operation] = await google.updateSchema([...statements]);
  await operation.promise();
}

function write({ database }: LimitsTarget, text: string, ...values: readonly Value[]): Promise<number> {
  const statement: Statement = { name: 'write', text };
  return database.transact((tx) => tx.execute(statement, values));
}

/** The gRPC code of a refusal, which our port has as the cause; undefined where nothing was refused. */
async function codeOf(attempt: Promise<unknown>): Promise<number | undefined> {
  return attempt.then(
    () => undefined,
    (error: { code?: number; cause?: { code?: number } }) => error.cause?.code ?? error.code,
  );
}
