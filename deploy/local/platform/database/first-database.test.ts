import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate } from '../../../../services/platform/cloud/spanner/migrate.ts';
import { servicesFolder } from '../../../../services/platform/contracts/product-folder.ts';
import { startSpanner } from '../../cloud/spanner/start-spanner.ts';
import { databaseAddress } from '../place.ts';
import { layFirstDatabase } from './first-database.ts';
import { migrationFiles, migrationsStamp, stampOf, writeStamp } from './migrations.ts';

let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'first-database-'));
});

afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

/** Which migrations the state's database lacks. */
async function missing(): Promise<string[]> {
  const spanner = await startSpanner({ port: 0, dataDir: join(stateDir, 'spanner') });
  process.env['SPANNER_EMULATOR_HOST'] = `127.0.0.1:${spanner.port}`;
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  try {
    return await migrate({ ...databaseAddress, root: servicesFolder });
  } finally {
    await spanner.close();
  }
}

describe('the database that a state begins with', () => {
  test('has seen every migration, and the state knows it', async () => {
    await layFirstDatabase(stateDir);
    expect(stampOf(stateDir)).toBe(migrationsStamp());
    expect(await missing()).toEqual([]);
  });

  test('is not laid where it is of other migrations: they are applied', async () => {
    const built = join(stateDir, 'built');
    mkdirSync(built);
    writeStamp(built, 'of other migrations');
    await layFirstDatabase(stateDir, built);
    expect(stampOf(stateDir)).toBeUndefined();
    expect(existsSync(join(stateDir, 'spanner'))).toBe(false);
    expect(await missing()).toHaveLength(migrationFiles().length);
  });

  test('is not laid where a build takes it away meanwhile', async () => {
    const built = join(stateDir, 'built');
    mkdirSync(built);
    // The stamp of these migrations, and what it is about is gone.
    writeStamp(built, migrationsStamp());
    await layFirstDatabase(stateDir, built);
    expect(readdirSync(stateDir)).toEqual(['built']);
  });

  test('never replaces one that is there', async () => {
    mkdirSync(join(stateDir, 'spanner'));
    await layFirstDatabase(stateDir);
    expect(readdirSync(join(stateDir, 'spanner'))).toEqual([]);
    expect(stampOf(stateDir)).toBeUndefined();
  });

  test('is made anew after one that was left unfinished', async () => {
    mkdirSync(join(stateDir, 'spanner.unfinished/postgres/half'), { recursive: true });
    await layFirstDatabase(stateDir);
    expect(existsSync(join(stateDir, 'spanner/postgres/half'))).toBe(false);
    expect(await missing()).toEqual([]);
  });
});
