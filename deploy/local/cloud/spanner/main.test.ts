import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SPANNER_NODE_FLAGS } from './engine/node-flags.ts';
import { createDatabase, DATABASE, openClient, openRawClient, sql, type TestClient } from './test-database.ts';

const main = join(import.meta.dirname, 'main.ts');
let dataDir: string;
const started: ChildProcess[] = [];
const clients: TestClient[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'spanner-main-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const child of started.splice(0)) await kill(child, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

function launch(
  ...args: string[]
): ChildProcess & { stdout: NonNullable<ChildProcess['stdout']>; stderr: NonNullable<ChildProcess['stderr']> } {
  const child = spawn(process.execPath, [...SPANNER_NODE_FLAGS, main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

async function start(...args: string[]): Promise<{ child: ChildProcess; port: number }> {
  const child = launch('--port', '0', '--data-dir', dataDir, ...args);
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const { message, port } = JSON.parse(line) as { message: string; port: number };
    expect(message).toBe('listening');
    return { child, port };
  }
  throw new Error(`the server ended: ${await text(child.stderr)}`);
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

function connect(port: number): TestClient {
  const client = openClient(port);
  clients.push(client);
  return client;
}

const insert = (client: TestClient, id: string) =>
  client.database.runTransactionAsync(async (tx) => {
    await tx.runUpdate(sql('INSERT INTO t VALUES ($1)', id));
    await tx.commit();
  });

it('loses nothing when it is killed under load, and its clients go on where it starts again', async () => {
  const first = await start();
  const client = connect(first.port);
  await createDatabase(client);
  await client.ddl('CREATE TABLE t (id text PRIMARY KEY)');
  const raw = openRawClient(first.port);
  let acknowledged = 0;
  const { promise: underLoad, resolve } = Promise.withResolvers<void>();
  const workers = Array.from({ length: 8 }, async (_, worker) => {
    for (let n = 0; n < 40; n++) {
      await insertOnce(raw, `${worker}-${n}`);
      acknowledged += 1;
      if (acknowledged === 150) resolve();
    }
  });
  await Promise.race([underLoad, ...workers]);
  await kill(first.child, 'SIGKILL');
  const atTheKill = acknowledged;
  await start('--port', String(first.port));
  // A row that was committed, and that its worker was told is not, would fail now by its key.
  await Promise.all(workers);
  raw.close();
  const [rows] = await client.database.run('SELECT count(*) AS n FROM t');
  expect(rows[0]?.toJSON()).toEqual({ n: 320 });
  expect(atTheKill).toBeLessThan(320);
});

const UNAVAILABLE = 14;
const ABORTED = 10;

/** Inserts as Google's client does: repeats a call that was not answered, and runs the transaction again where it is aborted. */
async function insertOnce(raw: ReturnType<typeof openRawClient>, id: string): Promise<void> {
  const session = `${DATABASE}/sessions/any`;
  const untilAnswered = async <T>(method: string, request: object): Promise<T> => {
    for (;;) {
      try {
        return await raw.call<T>(method, request);
      } catch (error) {
        if ((error as { code: number }).code !== UNAVAILABLE) throw error;
      }
    }
  };
  const begin = { session, sql: `INSERT INTO t VALUES ('${id}')`, seqno: 1, transaction: { begin: { readWrite: {} } } };
  for (;;) {
    try {
      const { metadata } = await untilAnswered<{ metadata: { transaction: { id: Uint8Array } } }>('ExecuteSql', begin);
      await untilAnswered('Commit', { session, transactionId: metadata.transaction.id });
      return;
    } catch (error) {
      if ((error as { code: number }).code !== ABORTED) throw error;
    }
  }
}

it('answers a commit that was repeated after a kill as it would have been answered before', async () => {
  const first = await start('--abort-probability', '0');
  const client = connect(first.port);
  await createDatabase(client);
  await client.ddl('CREATE TABLE t (id text PRIMARY KEY)');
  const session = `${DATABASE}/sessions/any`;
  const before = openRawClient(first.port);
  const begin = { session, sql: `INSERT INTO t VALUES ('once')`, seqno: 1, transaction: { begin: { readWrite: {} } } };
  const { metadata } = await before.call<{ metadata: { transaction: { id: Uint8Array } } }>('ExecuteSql', begin);
  const commit = { session, transactionId: metadata.transaction.id };
  const committed = await before.call('Commit', commit);
  before.close();
  await kill(first.child, 'SIGKILL');
  const after = openRawClient((await start()).port);
  try {
    expect(await after.call('Commit', commit)).toEqual(committed);
  } finally {
    after.close();
  }
});

it('ends cleanly on SIGTERM, with clients and an open transaction, and keeps the committed rows', async () => {
  const first = await start('--abort-probability', '0');
  const client = connect(first.port);
  await createDatabase(client);
  await client.ddl('CREATE TABLE t (id text PRIMARY KEY)');
  await insert(client, 'kept');
  const raw = openRawClient(first.port);
  const open = {
    session: `${DATABASE}/sessions/any`,
    sql: `INSERT INTO t VALUES ('open')`,
    seqno: 1,
    transaction: { begin: { readWrite: {} } },
  };
  await raw.call('ExecuteSql', open);
  raw.close();
  expect(await kill(first.child, 'SIGTERM')).toBe(0);
  const [rows] = await connect((await start()).port).database.run('SELECT id FROM t');
  expect(rows.map((row) => row.toJSON())).toEqual([{ id: 'kept' }]);
});

it('refuses a directory that a living process has, naming both', async () => {
  const { child } = await start();
  const second = launch('--port', '0', '--data-dir', dataDir);
  expect(await text(second.stderr)).toContain(`the directory ${dataDir} is in use by process ${child.pid}`);
  await kill(child, 'SIGKILL');
  await start();
});

it('starts again after it was killed while it made its directory', async () => {
  const killedEarly = launch('--port', '0', '--data-dir', dataDir);
  await expect.poll(() => existsSync(join(dataDir, 'lock'))).toBe(true);
  await kill(killedEarly, 'SIGKILL');
  await createDatabase(connect((await start()).port));
});

it('names a taken port, a missing directory and a wrong option', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const fault = async (...args: string[]) => {
    const child = launch(...args);
    const message = await text(child.stderr);
    expect(await kill(child, 'SIGKILL')).toBe(1);
    return message;
  };
  expect(await fault('--port', String(port), '--data-dir', dataDir)).toContain(`port ${port}`);
  taken.close();
  expect(await fault('--port', '0')).toContain('--data-dir is missing');
  expect(await fault('--port', 'many', '--data-dir', dataDir)).toContain('--port is "many"');
  expect(await fault('--port', '0', '--data-dir', dataDir, '--abort-probability', '2')).toContain('--abort-probability is "2"');
  expect(await fault('--nothing')).toContain('--nothing');
});
