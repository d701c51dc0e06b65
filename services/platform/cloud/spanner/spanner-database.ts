import type { Transaction as SpannerTransaction } from '@google-cloud/spanner';
import { type Span, SpanKind } from '@opentelemetry/api';
import { inSpan } from '../../contracts/in-span.ts';
import { concurrency } from './concurrency.ts';
import { type Database, DatabaseError, type Row, type Statement, type Transaction, type Value } from './database.ts';
import { connectSpanner, type DatabaseAddress } from './spanner-client.ts';
import { isSpannerError, mayRunAgain, toDatabaseError, withRetryDelay } from './spanner-errors.ts';
import { decodeRows, SpannerAttempt } from './spanner-transaction.ts';
import { encodeParams } from './spanner-values.ts';

/** How long a transaction is run again and again before its conflicts are reported as 'unavailable'. */
const retryLimitMs = 10_000;

type Outcome<T> = { readonly value: T } | { readonly thrown: unknown };

/**
 * Opens a Spanner database of the PostgreSQL dialect. The client is loaded in the background, which takes about 80 ms of CPU: call this after the port is
 * bound.
 *
 * Round trips: a read outside of a transaction 1; a transaction 1 for each statement or batch (the first also begins it) and 1 for the commit.
 */
export function openDatabase(address: DatabaseAddress): Database {
  const connection = connectSpanner(address);
  // Whoever uses the database hears of it.
  connection.catch(() => {});
  const underWay = concurrency();
  // https://opentelemetry.io/docs/specs/semconv/database/database-spans/
  const described = { 'db.system.name': 'gcp.spanner', 'db.namespace': address.database };

  async function query(statement: Statement, values: readonly Value[]): Promise<Row[]> {
    const { database } = await connection;
    try {
      const [rows, , metadata] = await database.run({ sql: statement.text, params: encodeParams(values) });
      return decodeRows(rows, metadata);
    } catch (error) {
      throw toDatabaseError(error, statement.name);
    }
  }

  async function transact<T>(body: (tx: Transaction) => Promise<T>, span: Span): Promise<Outcome<T>> {
    const { database } = await connection;
    let attempts = 0;
    let last: SpannerAttempt | undefined;
    try {
      return await database.runTransactionAsync({ timeout: retryLimitMs }, (transaction) => {
        last = new SpannerAttempt(begun(transaction));
        return attempt(last, body, attempts++);
      });
    } catch (error) {
      if (isSpannerError(error) && attempts > 1) {
        throw new DatabaseError('unavailable', `transaction: gave up after ${attempts} attempts: ${error.message}`, { cause: error });
      }
      throw toDatabaseError(error, 'transaction');
    } finally {
      span.setAttributes({ 'db.query.summary': summaryOf(last), 'kumiko.transaction.attempts': attempts });
    }
  }

  return {
    query(statement: Statement, values: readonly Value[] = []): Promise<Row[]> {
      const attributes = { ...described, 'db.query.summary': statement.name };
      return underWay(() => inSpan(statement.name, { kind: SpanKind.CLIENT, attributes }, () => query(statement, values)));
    },

    async transact<T>(body: (tx: Transaction) => Promise<T>): Promise<T> {
      const outcome = await underWay(() =>
        inSpan('transaction', { kind: SpanKind.CLIENT, attributes: described }, (span) => transact(body, span)),
      );
      if ('thrown' in outcome) throw outcome.thrown;
      return outcome.value;
    },

    async close() {
      const { spanner, database } = await connection;
      await database.close();
      spanner.close();
    },
  };
}

/**
 * Runs `body` once. What it throws is returned rather than thrown, because the client's runner reads gRPC codes off any error and would run the body again
 * for an error of ours that looks like Spanner's. Thrown is only what the runner shall run again.
 */
async function attempt<T>(tx: SpannerAttempt, body: (tx: Transaction) => Promise<T>, attempts: number): Promise<Outcome<T>> {
  try {
    const value = await body(tx);
    await tx.commit();
    return { value };
  } catch (thrown) {
    const failure = tx.failure;
    if (failure !== undefined && mayRunAgain(failure)) throw withRetryDelay(failure, attempts);
    await tx.rollback();
    return { thrown };
  }
}

/** After a failed first statement the client begins another transaction and does not wait for it. The attempt is over by then. */
function begun(transaction: SpannerTransaction): SpannerTransaction {
  return Object.assign(transaction, { begin: () => Promise.resolve() });
}

/** The limit of semantic conventions for `db.query.summary`. */
const longestSummary = 255;

/** What a transaction did, by its statements' names: they are few and constant, and hold no values. */
function summaryOf(attempt: SpannerAttempt | undefined): string {
  return [...new Set(attempt?.statements)].join(' ').slice(0, longestSummary);
}
