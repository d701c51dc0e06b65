import type { google } from '../api/spanner-api.ts';
import type { Postgres } from '../engine/postgres.ts';
import type { BoundStatement } from './bound-statement.ts';
import { indexKey, primaryKey, quote, quoteQualified } from './key-columns.ts';
import { keyCondition } from './key-set.ts';

/** The query that a Read is, in the order of the key that it reads by. */
export function readStatement(postgres: Postgres, request: google.spanner.v1.IReadRequest): BoundStatement {
  const table = request.table ?? '';
  const key = request.index ? indexKey(postgres, inSchemaOf(table, request.index)) : primaryKey(postgres, table);
  const condition = keyCondition(request.keySet, key);
  const columns = (request.columns ?? []).map(quote).join();
  const order = key.map(({ name }) => quote(name)).join();
  const limit = Number(request.limit ?? 0) > 0 ? ` LIMIT ${Number(request.limit)}` : '';
  const sql = `SELECT ${columns} FROM ${quoteQualified(table)} WHERE ${condition.sql} ORDER BY ${order}${limit}`;
  return { statement: postgres.prepare(sql), values: condition.values };
}

function inSchemaOf(table: string, index: string): string {
  return index.includes('.') || !table.includes('.') ? index : `${table.split('.')[0]}.${index}`;
}
