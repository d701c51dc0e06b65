import type { google, Mutation } from '../api/spanner-api.ts';
import { invalidArgument, notFound } from '../api/spanner-failure.ts';
import type { Postgres } from '../engine/postgres.ts';
import { columnTypes, primaryKey, quote, quoteQualified } from '../sql/key-columns.ts';
import { keyCondition } from '../sql/key-set.ts';
import { toPostgres } from '../sql/value-codec.ts';
import { type Micros, toRfc3339 } from './commit-time.ts';

/** What a client writes for "the time of this commit". */
const COMMIT_TIMESTAMP = 'spanner.commit_timestamp()';

/**
 * Applies mutations in their order, inside an open transaction.
 *
 * @throws {SpannerFailure} NOT_FOUND for an update of a missing row.
 * @throws {PostgresError} for what a constraint refuses.
 */
export function applyMutations(postgres: Postgres, mutations: readonly Mutation[], commitTime: Micros): void {
  for (const mutation of mutations) {
    if (mutation.insert) write(postgres, mutation.insert, commitTime, 'insert');
    else if (mutation.update) write(postgres, mutation.update, commitTime, 'update');
    else if (mutation.insertOrUpdate) write(postgres, mutation.insertOrUpdate, commitTime, 'insertOrUpdate');
    else if (mutation.replace) write(postgres, mutation.replace, commitTime, 'replace');
    else if (mutation.delete) remove(postgres, mutation.delete);
    else throw invalidArgument('the mutation is of a kind that the local Spanner does not have');
  }
}

type WriteKind = 'insert' | 'update' | 'insertOrUpdate' | 'replace';

function write(postgres: Postgres, request: google.spanner.v1.Mutation.IWrite, commitTime: Micros, kind: WriteKind): void {
  const table = request.table ?? '';
  const columns = request.columns ?? [];
  const types = columnTypes(postgres, table);
  const key = primaryKey(postgres, table).map(({ name }) => name);
  const missing = columns.find((column) => !types.has(column));
  if (missing !== undefined) throw notFound(`Column not found in table ${table}: ${missing}`);
  const statements = writeStatements(kind, table, columns, key);
  for (const row of request.values ?? []) {
    const values = (row.values ?? []).map((value, index) =>
      value.stringValue === COMMIT_TIMESTAMP ? toRfc3339(commitTime) : toPostgres(value, types.get(columns[index] ?? '') ?? 0),
    );
    if (values.length !== columns.length)
      throw invalidArgument(`a mutation of ${table} has ${values.length} values for ${columns.length} columns`);
    for (const { sql, positions } of statements) {
      const { rowCount } = postgres.query(sql, positions === undefined ? values : positions.map((position) => values[position] ?? null));
      if (kind === 'update' && rowCount === 0) throw notFound(`Row not found in table ${table}`);
    }
  }
}

interface WriteStatement {
  readonly sql: string;
  /** Which of the row's values the statement takes, where not all. */
  readonly positions?: readonly number[];
}

function writeStatements(kind: WriteKind, table: string, columns: readonly string[], key: readonly string[]): WriteStatement[] {
  const absent = key.find((column) => !columns.includes(column));
  if (absent !== undefined) throw invalidArgument(`a mutation of ${table} lacks the key column ${absent}`);
  const target = quoteQualified(table);
  const others = columns.filter((column) => !key.includes(column));
  const place = (column: string) => `$${columns.indexOf(column) + 1}`;
  const keyMatch = key.map((column) => `${quote(column)} = ${place(column)}`).join(' AND ');
  const insert = `INSERT INTO ${target} (${columns.map(quote).join()}) VALUES (${columns.map(place).join()})`;
  switch (kind) {
    case 'insert':
      return [{ sql: insert }];
    case 'update': {
      // Of a row of which nothing but the key is given, the key is set to what it is.
      const set = (others.length > 0 ? others : key).map((column) => `${quote(column)} = ${place(column)}`).join();
      return [{ sql: `UPDATE ${target} SET ${set} WHERE ${keyMatch}` }];
    }
    case 'insertOrUpdate': {
      const set = others.map((column) => `${quote(column)} = excluded.${quote(column)}`).join();
      return [{ sql: `${insert} ON CONFLICT (${key.map(quote).join()}) DO ${set === '' ? 'NOTHING' : `UPDATE SET ${set}`}` }];
    }
    case 'replace': {
      const byKey = key.map((column, index) => `${quote(column)} = $${index + 1}`).join(' AND ');
      return [{ sql: `DELETE FROM ${target} WHERE ${byKey}`, positions: key.map((column) => columns.indexOf(column)) }, { sql: insert }];
    }
  }
}

function remove(postgres: Postgres, request: google.spanner.v1.Mutation.IDelete): void {
  const table = request.table ?? '';
  const condition = keyCondition(request.keySet, primaryKey(postgres, table));
  postgres.query(`DELETE FROM ${quoteQualified(table)} WHERE ${condition.sql}`, condition.values);
}
