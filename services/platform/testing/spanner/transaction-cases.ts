import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { counterValue, increment, kindOf, newCounter, type StorageCase, storageStatements as sql } from './storage-case.ts';

/** Roll-back, ABORTED and concurrency. */
export const transactionCases: readonly StorageCase[] = [
  {
    name: 'rolls back when the closure throws, passes the error on and lets others go on at once',
    async run(target) {
      const id = await newCounter(target, 4);
      target.proxy.forget();
      const thrown = new Error('changed my mind');
      const transaction = target.database.transact(async (tx) => {
        await increment(tx, id);
        throw thrown;
      });
      await expect(transaction).rejects.toBe(thrown);
      expect(target.proxy.calls.at(-1)).toBe('Rollback');
      expect(await counterValue(target, id)).toBe(4n);
      target.proxy.forget();
      expect(await target.database.transact((tx) => increment(tx, id))).toBe(5n);
      expect(target.proxy.calls).not.toContain('BeginTransaction');
    },
  },
  {
    name: 'does not take an error of the closure for an error of Spanner',
    async run(target) {
      const id = await newCounter(target, 4);
      const thrown = Object.assign(new Error('ABORTED, but in another sense'), { code: 10 });
      let runs = 0;
      const transaction = target.database.transact(async (tx) => {
        runs++;
        await increment(tx, id);
        throw thrown;
      });
      await expect(transaction).rejects.toBe(thrown);
      expect(runs).toBe(1);
      expect(await counterValue(target, id)).toBe(4n);
    },
  },
  {
    name: 'does not commit what a closure did before and after a violation that it caught',
    async run(target) {
      const id = await newCounter(target, 4);
      const transaction = target.database.transact(async (tx) => {
        await increment(tx, id);
        await tx.execute(sql.insertCounter, [id, 1]).catch(() => {});
        await tx.execute(sql.setCounter, [id, 8]).catch(() => {});
        return 'all is well';
      });
      expect(await kindOf(transaction)).toBe('unique');
      expect(await counterValue(target, id)).toBe(4n);
    },
  },
  ...(['ExecuteStreamingSql', 'ExecuteBatchDml', 'Commit'] as const).flatMap((method) =>
    ([undefined, 5] as const).map(
      (retryDelayMs): StorageCase => ({
        name: `runs the closure again, without traces of the first run, after ABORTED at ${method}, ${retryDelayMs ? 'with' : 'without'} RetryInfo`,
        async run(target) {
          const id = await newCounter(target, 4);
          const extra: string[] = [];
          target.proxy.abortNext(method, { skip: method === 'ExecuteStreamingSql' ? 1 : 0, ...(retryDelayMs && { retryDelayMs }) });
          const value = await target.database.transact(async (tx) => {
            extra.push(randomUUID());
            const value = await increment(tx, id);
            await tx.batch([[sql.insertCounter, [extra.at(-1)!, value]]]);
            return value;
          });
          expect(value).toBe(5n);
          expect(extra).toHaveLength(2);
          expect(await counterValue(target, id)).toBe(5n);
          expect(await counterValue(target, extra[0]!)).toBeUndefined();
          expect(await counterValue(target, extra[1]!)).toBe(5n);
        },
      }),
    ),
  ),
  {
    name: 'runs the closure again after ABORTED at its first statement and twice at its commit',
    async run(target) {
      const id = await newCounter(target, 4);
      target.proxy.abortNext('ExecuteStreamingSql');
      target.proxy.abortNext('Commit');
      target.proxy.abortNext('Commit');
      let runs = 0;
      await target.database.transact((tx) => {
        runs++;
        return increment(tx, id);
      });
      expect(runs).toBe(4);
      expect(await counterValue(target, id)).toBe(5n);
    },
  },
  {
    name: 'runs the closure again also where it swallowed ABORTED',
    async run(target) {
      const id = await newCounter(target, 4);
      target.proxy.abortNext('ExecuteStreamingSql', { skip: 1 });
      await target.database.transact((tx) => increment(tx, id).catch(() => 0n));
      expect(await counterValue(target, id)).toBe(5n);
    },
  },
  ...(['ExecuteStreamingSql', 'ExecuteBatchDml', 'Commit'] as const).map(
    (method): StorageCase => ({
      name: `takes effect once where the connection is lost after ${method}`,
      async run(target) {
        const id = await newCounter(target, 4);
        const extra = randomUUID();
        await target.database.transact(async (tx) => {
          await tx.query(sql.lockCounter, [id]);
          target.proxy.loseNextAnswer(method);
          await tx.query(sql.addToCounter, [id, 1]);
          await tx.batch([[sql.insertCounter, [extra, 1]]]);
        });
        expect(await counterValue(target, id)).toBe(5n);
        expect(await counterValue(target, extra)).toBe(1n);
      },
    }),
  ),
  {
    name: 'keeps every one of concurrent increments',
    async run(target) {
      const id = await newCounter(target, 0);
      await Promise.all(
        Array.from({ length: 4 }, async () => {
          for (let i = 0; i < 5; i++) await target.database.transact((tx) => increment(tx, id));
        }),
      );
      expect(await counterValue(target, id)).toBe(20n);
    },
  },
];
