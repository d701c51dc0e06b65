import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureDatabaseDirectory } from '../engine/database-directory.ts';
import { Postgres } from '../engine/postgres.ts';
import { CommitLog } from './commit-log.ts';

let postgres: Postgres;
const directory = mkdtempSync(join(tmpdir(), 'commit-log-'));

beforeAll(async () => {
  await ensureDatabaseDirectory(join(directory, 'data'));
  postgres = await Postgres.open(join(directory, 'data'));
});

afterAll(async () => {
  await postgres.close();
  rmSync(directory, { recursive: true });
});

it('forgets commits that no client can ask for any more', () => {
  const hour = 3_600_000_000n;
  const log = new CommitLog(postgres);
  postgres.execute('BEGIN READ WRITE');
  log.record('old', hour);
  log.record('young', 2n * hour);
  postgres.execute('COMMIT');
  for (let commits = 0; commits < 4_999; commits++) log.committed(2n * hour + 1n);
  expect(log.find('old')).toBe(hour);
  log.committed(2n * hour + 1n);
  expect(log.find('old')).toBeUndefined();
  expect(log.find('young')).toBe(2n * hour);
});
