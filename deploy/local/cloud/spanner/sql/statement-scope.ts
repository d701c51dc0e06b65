import { status } from '@grpc/grpc-js';
import type { google, TransactionSelector } from '../api/spanner-api.ts';
import { invalidArgument, SpannerFailure } from '../api/spanner-failure.ts';
import type { Answer } from '../engine/postgres.ts';
import { type Micros, toTimestamp } from '../transactions/commit-time.ts';
import type { ReadWriteTransaction, Transactions } from '../transactions/transactions.ts';

/** Where a statement runs: in a read-write transaction, outside of any, or as partitioned DML. */
export interface StatementScope {
  /** Runs what only reads. */
  read<T>(run: () => T): T;
  /** Runs DML. `sequence` is the client's number for it, the same when it repeats the call; `bytes` is the size of its request. */
  write(sequence: string | undefined, bytes: number, run: () => Answer): Answer;
  /** Whether a row count is exact: that of partitioned DML is a lower bound. */
  readonly exactCounts: boolean;
}

/** What a method did in a scope, and the transaction that it began, for the client to go on with. */
export interface Scoped<T> {
  readonly value: T;
  readonly transaction: google.spanner.v1.ITransaction | undefined;
}

const READ_ONLY_ID = Buffer.from('read-only');
const PARTITIONED_ID = Buffer.from('partitioned-dml');

/** Begins a transaction of any kind. */
export function beginTransaction(
  transactions: Transactions,
  options: google.spanner.v1.ITransactionOptions | null | undefined,
  now: () => Micros,
): google.spanner.v1.ITransaction {
  if (options?.readWrite) return { id: Buffer.from(transactions.begin().id) };
  if (options?.partitionedDml) return { id: PARTITIONED_ID };
  if (options?.readOnly) return { id: READ_ONLY_ID, ...readTimestamp(options, now) };
  throw invalidArgument('a transaction must be read-write, read-only or partitioned DML');
}

/** Runs `body` where the selector says. */
export async function inScope<T>(
  transactions: Transactions,
  selector: TransactionSelector | null | undefined,
  now: () => Micros,
  signal: AbortSignal,
  body: (scope: StatementScope) => T,
): Promise<Scoped<T>> {
  if (selector?.begin?.readWrite) {
    const transaction = transactions.begin();
    const value = await inReadWrite(transactions, transaction, signal, body, true);
    return { value, transaction: { id: Buffer.from(transaction.id) } };
  }
  if (selector?.begin) {
    const transaction = beginTransaction(transactions, selector.begin, now);
    return { value: body(readOnlyScope(transactions)), transaction };
  }
  if (selector?.id?.length) {
    const id = Buffer.from(selector.id);
    if (id.equals(READ_ONLY_ID)) return { value: body(readOnlyScope(transactions)), transaction: undefined };
    if (id.equals(PARTITIONED_ID)) {
      const value = await transactions.exclusively(signal, (inTransaction) => body(partitionedScope(inTransaction)));
      return { value, transaction: undefined };
    }
    const value = await inReadWrite(transactions, transactions.get(id.toString()), signal, body, false);
    return { value, transaction: undefined };
  }
  const value = body(readOnlyScope(transactions));
  const single = selector?.singleUse;
  return { value, transaction: single?.readOnly?.returnReadTimestamp ? { id: Buffer.alloc(0), ...readTimestamp(single, now) } : undefined };
}

async function inReadWrite<T>(
  transactions: Transactions,
  transaction: ReadWriteTransaction,
  signal: AbortSignal,
  body: (scope: StatementScope) => T,
  begun: boolean,
): Promise<T> {
  await transactions.hold(transaction, signal);
  transactions.abortIfPlanned(transaction, 'statement');
  try {
    return body({
      read: (run) => transactions.read(transaction, run),
      write: (sequence, bytes, run) => transactions.write(transaction, sequence, bytes, run),
      exactCounts: true,
    });
  } catch (error) {
    // The client never learns the id of a transaction that failed to begin.
    if (begun) transactions.end(transaction);
    throw error;
  } finally {
    transactions.touch(transaction);
  }
}

function readOnlyScope(transactions: Transactions): StatementScope {
  return {
    read: (run) => transactions.readCommitted(run),
    write: () => {
      throw new SpannerFailure(
        status.INVALID_ARGUMENT,
        'DML statements can only be performed in a read-write or partitioned-dml transaction',
      );
    },
    exactCounts: true,
  };
}

function partitionedScope(inTransaction: (run: () => Answer) => Answer): StatementScope {
  return {
    read: () => {
      throw invalidArgument('a query cannot be run as partitioned DML');
    },
    write: (_sequence, _bytes, run) => inTransaction(run),
    exactCounts: false,
  };
}

function readTimestamp(options: google.spanner.v1.ITransactionOptions, now: () => Micros): google.spanner.v1.ITransaction {
  return options.readOnly?.returnReadTimestamp ? { readTimestamp: toTimestamp(now()) } : {};
}
