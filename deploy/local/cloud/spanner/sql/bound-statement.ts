import type { google, Value } from '../api/spanner-api.ts';
import { invalidArgument } from '../api/spanner-failure.ts';
import { parameterOid } from '../ddl/column-types.ts';
import type { Answer, Postgres, PreparedStatement } from '../engine/postgres.ts';
import { toPostgres } from './value-codec.ts';

/** A statement with its parameters, as the API has it. */
export interface StatementRequest {
  readonly sql?: string | null | undefined;
  readonly params?: google.protobuf.IStruct | null | undefined;
  readonly paramTypes?: { readonly [name: string]: google.spanner.v1.IType } | null | undefined;
}

/** A statement that can be run, and run again, with the same values. */
export interface BoundStatement {
  readonly statement: PreparedStatement;
  readonly values: readonly (string | null)[];
}

/**
 * Prepares a statement and puts its parameters into PostgreSQL's form. The types must be known before: BYTES travel as base64.
 *
 * @throws {PostgresError} for what PostgreSQL cannot parse.
 * @throws {SpannerFailure} INVALID_ARGUMENT for an empty text or a parameter without a value.
 */
export function bindStatement(postgres: Postgres, request: StatementRequest): BoundStatement {
  const sql = request.sql ?? '';
  if (sql.trim() === '') throw invalidArgument('the statement is empty');
  const statement = postgres.prepare(sql, declaredOids(request.paramTypes));
  const fields: { readonly [name: string]: Value } = request.params?.fields ?? {};
  const values = statement.parameterOids.map((typeOid, index) => {
    const value = fields[`p${index + 1}`];
    if (value === undefined) throw invalidArgument(`no value is bound to the parameter p${index + 1}`);
    return toPostgres(value, typeOid);
  });
  return { statement, values };
}

/** Runs a bound statement. */
export function runBound(postgres: Postgres, bound: BoundStatement): Answer {
  return postgres.run(bound.statement, bound.values);
}

function declaredOids(types: StatementRequest['paramTypes']): number[] {
  const oids: number[] = [];
  for (const [name, type] of Object.entries(types ?? {})) {
    const position = Number(/^p(\d+)$/.exec(name)?.[1] ?? 0);
    if (position > 0) oids[position - 1] = parameterOid(type);
  }
  return Array.from(oids, (declared) => declared ?? 0);
}
