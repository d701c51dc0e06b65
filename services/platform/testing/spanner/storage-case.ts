import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type Database, DatabaseError, type DatabaseErrorKind, defineStatements, type Transaction } from '../../cloud/spanner/database.ts';
import { bigint } from '../../cloud/spanner/tables/columns.ts';
import { exclusive, select } from '../../cloud/spanner/tables/statements.ts';
import { Selection } from '../../cloud/spanner/tables/table.ts';
import type { FaultProxy } from './fault-proxy.ts';

/** What a case gets: a migrated database behind a proxy. Cases use ids of their own and share the tables. */
export interface StorageTarget {
  readonly database: Database;
  readonly proxy: FaultProxy;
}

/** One behaviour that every implementation has. */
export interface StorageCase {
  readonly name: string;
  run(target: StorageTarget): Promise<void>;
}

/** All but the one that takes no untyped parameter. */
export const sampleColumns = 'label, amount, at, document, flag, raw, price, day, tags';

const counters = new Selection('storage', 'counters', { value: bigint('value') });

/** The SQL of the suite. */
export const storageStatements = defineStatements('storage', {
  insertSample: `INSERT INTO storage.samples (id, ${sampleColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
  selectSample: `SELECT ${sampleColumns}, ratio FROM storage.samples WHERE id = $1`,
  setRatio: 'UPDATE storage.samples SET ratio = 0.25 WHERE id = $1',
  selectSamplesOf: 'SELECT id FROM storage.samples WHERE id = ANY($1) ORDER BY id',
  insertCounter: 'INSERT INTO storage.counters (id, value) VALUES ($1, $2)',
  insertCounterWithCode: 'INSERT INTO storage.counters (id, value, code) VALUES ($1, 0, $2)',
  selectCounter: select(counters, 'WHERE id = $id'),
  lockCounter: select(counters, 'WHERE id = $id', exclusive),
  setCounter: 'UPDATE storage.counters SET value = $2 WHERE id = $1',
  addToCounter: 'UPDATE storage.counters SET value = value + $2 WHERE id = $1 RETURNING value',
  deleteCounter: 'DELETE FROM storage.counters WHERE id = $1',
  insertNote: 'INSERT INTO storage.notes (id, counter) VALUES ($1, $2)',
});

/** A counter of one case's own. */
export async function newCounter({ database }: StorageTarget, value: number): Promise<string> {
  const id = randomUUID();
  await database.transact((tx) => tx.execute(storageStatements.insertCounter, [id, value]));
  return id;
}

/** The usual shape of a change: read with a lock, decide, write. */
export async function increment(tx: Transaction, id: string): Promise<bigint> {
  const counter = await storageStatements.lockCounter.first(tx, { id });
  const value = (counter?.value ?? 0n) + 1n;
  await tx.execute(storageStatements.setCounter, [id, value]);
  return value;
}

/** What is committed. */
export async function counterValue({ database }: StorageTarget, id: string): Promise<bigint | undefined> {
  return (await storageStatements.selectCounter.first(database, { id }))?.value;
}

/** Why the database refused. */
export async function kindOf(failing: Promise<unknown>): Promise<DatabaseErrorKind | undefined> {
  const error = await failing.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DatabaseError);
  return (error as DatabaseError).kind;
}
