import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../services/platform/tools/free-port.ts';

/** Google's own Pub/Sub emulator, where this machine has it. */
type PubsubEmulator = { readonly jar: string } | { readonly missing: string };

/**
 * Finds the emulator's jar: `PUBSUB_EMULATOR_JAR`, or the component `pubsub-emulator` of the Google Cloud SDK that `gcloud` belongs to. It needs Java.
 *
 * @throws where the variable is set and names no file.
 */
export function findPubsubEmulator(env: NodeJS.ProcessEnv = process.env): PubsubEmulator {
  if (onPath('java', env) === undefined) return { missing: 'java is not on PATH' };
  if (env['PUBSUB_EMULATOR_JAR']) {
    if (!existsSync(env['PUBSUB_EMULATOR_JAR'])) throw new Error(`PUBSUB_EMULATOR_JAR names no file: ${env['PUBSUB_EMULATOR_JAR']}`);
    return { jar: env['PUBSUB_EMULATOR_JAR'] };
  }
  const gcloud = onPath('gcloud', env);
  if (gcloud === undefined) return { missing: 'neither PUBSUB_EMULATOR_JAR is set nor gcloud is on PATH' };
  const folder = join(dirname(dirname(realpathSync(gcloud))), 'platform/pubsub-emulator/lib');
  const jar = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith('.jar')) : undefined;
  return jar === undefined ? { missing: 'the Google Cloud SDK has no component pubsub-emulator' } : { jar: join(folder, jar) };
}

/** Starts the emulator on a free port and waits until it answers. `close` ends its process. */
export async function startPubsubEmulator(jar: string): Promise<{ host: string; close(): Promise<void> }> {
  const port = await freePort();
  const dataDir = mkdtempSync(join(tmpdir(), 'pubsub-emulator-'));
  const child = spawn('java', ['-jar', jar, '--host=127.0.0.1', `--port=${port}`, `--data-dir=${dataDir}`], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await listening(child, port);
  return {
    host: `127.0.0.1:${port}`,
    close: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(dataDir, { recursive: true });
    },
  };
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await delay(50);
    } finally {
      socket.destroy();
    }
  }
  throw new Error(`the Pub/Sub emulator ended with code ${child.exitCode} before it listened`);
}

function onPath(command: string, env: NodeJS.ProcessEnv): string | undefined {
  try {
    return execFileSync('/bin/sh', ['-c', 'command -v "$0"', command], { env, encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}
