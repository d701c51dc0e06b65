import type { protos, Transaction as SpannerTransaction } from '@google-cloud/spanner';
import { status } from '@grpc/grpc-js';
import { DatabaseError, type Row, type Statement, type Transaction, type Value, type Write } from './database.ts';
import { isSpannerError, type SpannerError, toDatabaseError } from './spanner-errors.ts';
import { decodeRow, encodeParams } from './spanner-values.ts';

/**
 * One attempt at a read-write transaction. Statements run one after the other, also where the caller does not wait between them, because two first
 * statements at once would begin two transactions. The first failure ends the attempt, whatever the caller makes of it: Spanner's own transactions and
 * PostgreSQL's differ in what a failed statement leaves behind.
 */
export class SpannerAttempt implements Transaction {
  /** The names of the statements so far, in their order. */
  readonly statements: string[] = [];
  readonly #transaction: SpannerTransaction;
  #last: Promise<unknown> = Promise.resolve();
  #over = false;
  #used = false;
  #failure: { readonly reported: unknown; readonly spanner: SpannerError | undefined } | undefined;

  constructor(transaction: SpannerTransaction) {
    this.#transaction = transaction;
  }

  query(statement: Statement, values: readonly Value[] = []): Promise<Row[]> {
    this.statements.push(statement.name);
    return this.#enqueue(
      () => statement.name,
      async () => {
        const [rows, , metadata] = await this.#transaction.run({ sql: statement.text, params: encodeParams(values) });
        return decodeRows(rows, metadata);
      },
    );
  }

  execute(statement: Statement, values: readonly Value[] = []): Promise<number> {
    this.statements.push(statement.name);
    return this.#enqueue(
      () => statement.name,
      async () => {
        const [count] = await this.#transaction.runUpdate({ sql: statement.text, params: encodeParams(values) });
        return count;
      },
    );
  }

  batch(statements: readonly Write[]): Promise<number[]> {
    if (statements.length === 0) return Promise.resolve([]);
    this.statements.push(...statements.map(([{ name }]) => name));
    // A batch stops at the first statement that fails, and counts those before it.
    const failed = (error: unknown) => statements[succeeded(error)]?.[0].name ?? 'batch';
    return this.#enqueue(failed, async () => {
      const queries = statements.map(([statement, values]) => ({ sql: statement.text, params: encodeParams(values) }));
      const [counts] = await this.#transaction.batchUpdate(queries);
      return counts;
    });
  }

  /** Waits for what still runs and commits, unless a statement failed or there was none. @throws what ended the attempt. */
  async commit(): Promise<void> {
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure.reported;
    this.#over = true;
    if (!this.#used) return;
    try {
      await this.#transaction.commit();
    } catch (error) {
      throw this.#fail('COMMIT', error);
    }
  }

  /** Waits for what still runs and rolls back, unless a commit has ended the transaction or Spanner cannot be reached. */
  async rollback(): Promise<void> {
    await this.#last;
    if (this.#over || !this.#used || this.#failure?.spanner?.code === status.UNAVAILABLE) return;
    this.#over = true;
    // What matters to the caller is why; a transaction that cannot be rolled back ends when it has been idle for some seconds.
    await this.#transaction.rollback().catch(() => {});
  }

  /** What Spanner said when it ended this attempt. */
  get failure(): SpannerError | undefined {
    return this.#failure?.spanner;
  }

  #enqueue<T>(nameOf: (error: unknown) => string, run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(async () => {
      if (this.#over) throw new DatabaseError('other', 'a statement came after its transaction was over: await it inside of the closure');
      if (this.#failure !== undefined) throw this.#failure.reported;
      this.#used = true;
      try {
        return await run();
      } catch (error) {
        throw this.#fail(nameOf(error), error);
      }
    });
    this.#last = result.catch(() => {});
    return result;
  }

  /** Ends the attempt, and returns what the caller is told. */
  #fail(name: string, error: unknown): unknown {
    const reported = toDatabaseError(error, name);
    this.#failure = { reported, spanner: isSpannerError(error) ? error : undefined };
    return reported;
  }
}

/** How many statements of a batch came before the one that failed. */
function succeeded(error: unknown): number {
  if (typeof error === 'object' && error !== null && 'rowCounts' in error && Array.isArray(error.rowCounts)) return error.rowCounts.length;
  return 0;
}

/** Turns the client's rows into plain ones. */
export function decodeRows(rows: readonly unknown[], metadata: protos.google.spanner.v1.IResultSetMetadata | undefined): Row[] {
  const types = (metadata?.rowType?.fields ?? []).map(({ type }) => type ?? undefined);
  return rows.map((row) => decodeRow(Array.isArray(row) ? row : [], types));
}
