/** A named SQL text in the PostgreSQL dialect of Spanner, with $1, $2, … for its parameters. Each store lists its own in one catalogue. */
export interface Statement {
  /** "<schema>.<what it does>", such as "customer.insertOrder". */
  readonly name: string;
  readonly text: string;
}

/** What a parameter may be. Objects travel as jsonb, Dates as timestamptz, bigint and number as int8 (numbers must be integers). */
export type Value = null | string | bigint | number | boolean | Date | Uint8Array | readonly string[] | { readonly [key: string]: unknown };

/** A statement with its values. */
export type Write = readonly [Statement, readonly Value[]];

/** A statement that gets its name where it is listed. */
export type Definition<S extends Statement> = (name: string) => S;

/** A row by column name: int8 is bigint, timestamptz Date, jsonb its value, bytea Uint8Array, numeric string, float8 number. */
export type Row = Readonly<Record<string, unknown>>;

/** Runs statements. */
export interface Querier {
  /** Runs a query, or DML with RETURNING. */
  query(statement: Statement, values?: readonly Value[]): Promise<Row[]>;
}

/** An open read-write transaction. */
export interface Transaction extends Querier {
  /** Runs DML and returns the number of rows. */
  execute(statement: Statement, values?: readonly Value[]): Promise<number>;
  /** Runs several DML statements in one round trip and returns the number of rows of each. */
  batch(writes: readonly Write[]): Promise<number[]>;
}

/** The database port. `query` outside of a transaction is a single-use strong read. */
export interface Database extends Querier {
  /**
   * Runs `body` in a read-write transaction and commits. Runs it again from the start when Spanner aborts, so `body` has no side effects but through `tx`.
   * A throw in `body` rolls back and is passed on.
   *
   * @throws {DatabaseError} for what the database refuses, other than ABORTED.
   */
  transact<T>(body: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Ends the sessions. */
  close(): Promise<void>;
}

/** Why the database refused. */
export type DatabaseErrorKind = 'unique' | 'foreign-key' | 'check' | 'not-found' | 'unavailable' | 'other';

/** What the database refused. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  readonly kind: DatabaseErrorKind;

  constructor(kind: DatabaseErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }

  /** Whether the same call may succeed a little later: a service answers it UNAVAILABLE. */
  get transient(): boolean {
    return this.kind === 'unavailable';
  }
}

/**
 * Names the statements of one schema: SQL texts with $1, $2, …, and what the functions of tables/statements.ts define.
 *
 * @example defineStatements('partner', { setState: update(partners, ['state']) }).setState.name // "partner.setState"
 */
export function defineStatements<const D extends Readonly<Record<string, string | Definition<Statement>>>>(
  schema: string,
  definitions: D,
): { readonly [K in keyof D]: D[K] extends Definition<infer S> ? S : Statement } {
  const named = Object.entries(definitions).map(([key, definition]) => {
    const name = `${schema}.${key}`;
    return [key, typeof definition === 'string' ? { name, text: definition } : definition(name)];
  });
  return Object.fromEntries(named);
}
