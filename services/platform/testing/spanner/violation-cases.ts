import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { DatabaseErrorKind, Transaction, Value } from '../../cloud/spanner/database.ts';
import { counterValue, kindOf, newCounter, type StorageCase, storageStatements as sql } from './storage-case.ts';

/** What the database refuses, and how it says so. */
export const violationCases: readonly StorageCase[] = [
  {
    name: 'names the statement that failed, in a batch too',
    async run({ database }) {
      const id = randomUUID();
      const batch = database.transact((tx) =>
        tx.batch([
          [sql.insertCounter, [id, 1]],
          [sql.insertNote, [randomUUID(), id]],
          [sql.setCounter, [id, -1]],
        ]),
      );
      await expect(batch).rejects.toThrow(/^storage\.setCounter: /);
      await expect(database.query({ name: 'storage.faulty', text: 'SELECT nothing FROM storage.counters' })).rejects.toThrow(
        /^storage\.faulty: /,
      );
    },
  },
  ...(
    [
      ['a primary key', 'unique', (id: string) => [[sql.insertCounter, [id, 1]]]],
      [
        'a unique index',
        'unique',
        (id: string) => [
          [sql.insertCounterWithCode, [randomUUID(), id]],
          [sql.insertCounterWithCode, [randomUUID(), id]],
        ],
      ],
      ['a foreign key', 'foreign-key', () => [[sql.insertNote, [randomUUID(), 'nobody']]]],
      ['a check', 'check', (id: string) => [[sql.setCounter, [id, -1]]]],
      ['a column that must not be null', 'other', () => [[sql.insertCounter, [randomUUID(), null]]]],
    ] as [string, DatabaseErrorKind, (id: string) => [typeof sql.insertCounter, Value[]][]][]
  ).map(
    ([what, kind, statements]): StorageCase => ({
      name: `reports a violation of ${what} as '${kind}', alone and in a batch, without trying again`,
      async run(target) {
        const id = await newCounter(target, 0);
        target.proxy.forget();
        const alone = async (tx: Transaction) => {
          for (const [statement, values] of statements(id)) await tx.execute(statement, values);
        };
        expect(await kindOf(target.database.transact(alone))).toBe(kind);
        // A read behind it, so that whatever the client sent without waiting has arrived too.
        expect(await counterValue(target, id)).toBe(0n);
        expect(target.proxy.calls.filter((method) => method === 'ExecuteStreamingSql')).toHaveLength(statements(id).length + 1);
        expect(target.proxy.calls).not.toContain('BeginTransaction');
        expect(target.proxy.calls).not.toContain('Commit');
        target.proxy.forget();
        expect(await kindOf(target.database.transact((tx) => tx.batch(statements(id))))).toBe(kind);
        expect(target.proxy.calls.filter((method) => method === 'ExecuteBatchDml')).toHaveLength(1);
        expect(target.proxy.calls).not.toContain('Commit');
        expect(await counterValue(target, id)).toBe(0n);
      },
    }),
  ),
];
