import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startSpanner } from './start-spanner.ts';
import { createDatabase, openClient, openTestDatabase } from './test-database.ts';

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'spanner-start-'));
});

afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

it('keeps instance, database, schema and rows over a restart', async () => {
  const first = await openTestDatabase({ dataDir }, ['CREATE TABLE t (id text PRIMARY KEY)']);
  await first.database.table('t').insert({ id: 'kept' });
  await first.close();
  const server = await startSpanner({ port: 0, dataDir });
  const client = openClient(server.port);
  try {
    const [rows] = await client.database.run('SELECT id FROM t');
    expect(rows.map((row) => row.toJSON())).toEqual([{ id: 'kept' }]);
    await expect(createDatabase(client)).rejects.toMatchObject({ code: 6 });
  } finally {
    await client.close();
    await server.close();
  }
});

it('has its directory for itself until it is closed, in one process too', async () => {
  const first = await startSpanner({ port: 0, dataDir });
  await expect(startSpanner({ port: 0, dataDir })).rejects.toThrow(`the directory ${dataDir} is in use by process ${process.pid}`);
  await first.close();
  await (await startSpanner({ port: 0, dataDir })).close();
});

it('gives its directory back when its port is taken', async () => {
  const first = await startSpanner({ port: 0 });
  await expect(startSpanner({ port: first.port, dataDir })).rejects.toThrow(`port ${first.port} of 127.0.0.1 is taken`);
  await first.close();
  await (await startSpanner({ port: first.port, dataDir })).close();
});

it('leaves nothing behind where it was given no directory', async () => {
  const temporary = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`local-spanner-${process.pid}-`));
  const server = await startSpanner({ port: 0 });
  expect(temporary()).toHaveLength(1);
  await server.close();
  expect(temporary()).toEqual([]);
});
