import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStore } from './open-store.ts';

const schema = 'CREATE TABLE IF NOT EXISTS things (id INTEGER PRIMARY KEY)';

let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-store-'));
});

afterEach(() => {
  rmSync(stateDir, { recursive: true });
});

it('refuses a second opener, naming the file', () => {
  const store = openStore(stateDir, 'things', schema);
  expect(() => openStore(stateDir, 'things', schema)).toThrow(/things\.sqlite is in use by another process/);
  store.close();
  openStore(stateDir, 'things', schema).close();
});

it('rolls the whole outer transaction back when an inner one fails', () => {
  const store = openStore(stateDir, 'things', schema);
  const insert = (id: number) => store.database.prepare('INSERT INTO things VALUES (?)').run(id);
  const inner = () =>
    store.transaction(() => {
      insert(2);
      throw new Error('inner');
    });
  expect(() =>
    store.transaction(() => {
      insert(1);
      inner();
    }),
  ).toThrow('inner');
  expect(store.database.prepare('SELECT id FROM things').all()).toEqual([]);
  store.close();
});
