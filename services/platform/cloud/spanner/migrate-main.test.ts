import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSpanner } from '../../../../deploy/local/cloud/spanner/start-spanner.ts';
import { readMigrations } from './migrations.ts';

const main = join(import.meta.dirname, 'migrate-main.ts');
const variables = { GOOGLE_CLOUD_PROJECT: 'kumiko-test', SPANNER_INSTANCE: 'test', SPANNER_DATABASE: 'kumiko' };

test('applies every migration of the services to the database that the environment names, once', async () => {
  const spanner = await startSpanner({ port: 0 });
  const env = { ...variables, SPANNER_EMULATOR_HOST: `127.0.0.1:${spanner.port}`, METADATA_SERVER_DETECTION: 'none' };
  const names = readMigrations(join(import.meta.dirname, '../../..')).map((migration) => migration.name);
  expect(JSON.parse((await run(env)).stdout)).toEqual({ message: 'migrated', applied: names });
  expect(JSON.parse((await run(env)).stdout)).toEqual({ message: 'migrated', applied: [] });
  await spanner.close();
});

test('names every variable that is missing, and ends with code 1', async () => {
  const { code, stderr } = await run({ GOOGLE_CLOUD_PROJECT: 'kumiko-test' });
  expect(code).toBe(1);
  expect(stderr).toContain('SPANNER_INSTANCE');
  expect(stderr).toContain('SPANNER_DATABASE');
  expect(stderr).not.toContain('GOOGLE_CLOUD_PROJECT');
});

function run(env: Readonly<Record<string, string>>): Promise<{ code: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main], { env: { ...env, PATH: process.env['PATH'] } }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}
