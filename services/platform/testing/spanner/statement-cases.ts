import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Value } from '../../cloud/spanner/database.ts';
import { isStorable } from '../../contracts/storable-text.ts';
import { counterValue, increment, newCounter, type StorageCase, sampleColumns, storageStatements as sql } from './storage-case.ts';

/** Values, rows, counts and round trips. */
export const statementCases: readonly StorageCase[] = [
  {
    name: 'returns every type as it was written',
    async run({ database }) {
      const id = randomUUID();
      const at = new Date('2026-02-03T04:05:06.789Z');
      const document = { text: 'é"\\', list: [1, { a: null }], n: 12.5 };
      const raw = Uint8Array.from([0, 1, 254, 255]);
      await database.transact((tx) =>
        tx.execute(sql.insertSample, [
          id,
          'ラベル',
          9_007_199_254_740_993n,
          at,
          document,
          true,
          raw,
          '12345678901234567890.123456789',
          '2026-02-03',
          ['a', 'b,"c"', ''],
        ]),
      );
      await database.transact((tx) => tx.execute(sql.setRatio, [id]));
      const [row] = await database.query(sql.selectSample, [id]);
      expect(row).toEqual({
        label: 'ラベル',
        amount: 9_007_199_254_740_993n,
        at,
        document,
        flag: true,
        raw: expect.anything(),
        price: '12345678901234567890.123456789',
        ratio: 0.25,
        day: '2026-02-03',
        tags: ['a', 'b,"c"', ''],
      });
      expect(Uint8Array.from(row?.['raw'] as Uint8Array)).toEqual(raw);
    },
  },
  {
    name: 'gives back every character that a text may have, in text, lists and jsonb',
    async run({ database }) {
      const text = '\u0001\u001f\u007f\u0085\ufeff\u202e\ud7ff\ue000\ufffd\ufffe\uffff\u{1fffe}\u{10ffff}😀e\u0301\u0301';
      expect(isStorable(text)).toBe(true);
      const id = `${text}${randomUUID()}`;
      const others = sampleColumns.split(', ').map((column): Value => {
        const values: Record<string, Value> = { label: text, document: { [text]: text }, tags: [text] };
        return values[column] ?? null;
      });
      await database.transact((tx) => tx.execute(sql.insertSample, [id, ...others]));
      const [row] = await database.query(sql.selectSample, [id]);
      expect(row).toMatchObject({ label: text, document: { [text]: text }, tags: [text] });
    },
  },
  {
    name: 'takes no half of a surrogate pair for another character',
    async run({ database }) {
      const writing = database.transact((tx) => tx.execute(sql.insertCounter, [`\ud800${randomUUID()}`, 0]));
      await expect(writing).rejects.toThrow(TypeError);
    },
  },
  {
    name: 'returns null for every type',
    async run({ database }) {
      const id = randomUUID();
      const nulls: Value[] = sampleColumns.split(', ').map(() => null);
      await database.transact((tx) => tx.execute(sql.insertSample, [id, ...nulls]));
      const [row] = await database.query(sql.selectSample, [id]);
      expect(Object.values(row ?? {})).toEqual([...nulls, null]);
    },
  },
  {
    name: 'takes a list of texts with = ANY, an empty one too',
    async run({ database }) {
      const id = randomUUID();
      await database.transact((tx) => tx.execute(sql.insertSample, [id, ...sampleColumns.split(', ').map(() => null)]));
      expect(await database.query(sql.selectSamplesOf, [[id, 'other']])).toEqual([{ id }]);
      expect(await database.query(sql.selectSamplesOf, [[]])).toEqual([]);
    },
  },
  {
    name: 'reads outside of a transaction in one round trip',
    async run(target) {
      const id = await newCounter(target, 4);
      target.proxy.forget();
      expect(await target.database.query(sql.selectCounter, [id])).toEqual([{ value: 4n }]);
      expect(target.proxy.calls).toEqual(['ExecuteStreamingSql']);
    },
  },
  {
    name: 'reads, updates and commits in three round trips, and reads its own writes',
    async run(target) {
      const id = await newCounter(target, 4);
      target.proxy.forget();
      const value = await target.database.transact((tx) => increment(tx, id));
      expect(value).toBe(5n);
      expect(target.proxy.calls).toEqual(['ExecuteStreamingSql', 'ExecuteStreamingSql', 'Commit']);
      const seen = await target.database.transact(async (tx) => {
        await tx.execute(sql.setCounter, [id, 9]);
        return tx.query(sql.selectCounter, [id]);
      });
      expect(seen).toEqual([{ value: 9n }]);
    },
  },
  {
    name: 'returns rows of DML with RETURNING',
    async run(target) {
      const id = await newCounter(target, 4);
      target.proxy.forget();
      expect(await target.database.transact((tx) => tx.query(sql.addToCounter, [id, 3]))).toEqual([{ value: 7n }]);
      expect(target.proxy.calls).toEqual(['ExecuteStreamingSql', 'Commit']);
    },
  },
  {
    name: 'runs a batch in one round trip and counts the rows of each statement',
    async run(target) {
      const [one, two] = [randomUUID(), randomUUID()];
      target.proxy.forget();
      const counts = await target.database.transact((tx) =>
        tx.batch([
          [sql.insertCounter, [one, 1]],
          [sql.insertCounter, [two, 2]],
          [sql.setCounter, ['nobody', 2]],
          [sql.deleteCounter, [one]],
        ]),
      );
      expect(counts).toEqual([1, 1, 0, 1]);
      expect(target.proxy.calls).toEqual(['ExecuteBatchDml', 'Commit']);
      expect(await counterValue(target, one)).toBeUndefined();
      expect(await counterValue(target, two)).toBe(2n);
    },
  },
  {
    name: 'begins one transaction for statements that were not waited for, and commits them all',
    async run(target) {
      const ids = [randomUUID(), randomUUID(), randomUUID()];
      await target.database.transact(async (tx) => {
        void tx.execute(sql.insertCounter, [ids[0]!, 1]);
        void tx.batch([[sql.insertCounter, [ids[1]!, 2]]]);
        void tx.query(sql.addToCounter, [ids[0]!, 1]);
        void tx.execute(sql.insertCounter, [ids[2]!, 3]);
      });
      expect(await Promise.all(ids.map((id) => counterValue(target, id)))).toEqual([2n, 2n, 3n]);
    },
  },
  {
    name: 'sends nothing for a transaction without statements',
    async run(target) {
      target.proxy.forget();
      expect(await target.database.transact(async () => 'done')).toBe('done');
      await expect(target.database.transact(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
      expect(target.proxy.calls).toEqual([]);
    },
  },
];
