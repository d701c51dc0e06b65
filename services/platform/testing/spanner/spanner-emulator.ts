import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../tools/free-port.ts';

/** Google's Spanner emulator on this machine, or why there is none. */
type FoundEmulator = { readonly binary: string } | { readonly missing: string };

/** Looks where SPANNER_EMULATOR_BINARY says, then in the Google Cloud SDK that `gcloud` belongs to. */
export function findSpannerEmulator(): FoundEmulator {
  const named = process.env['SPANNER_EMULATOR_BINARY'];
  if (named !== undefined) return existsSync(named) ? { binary: named } : { missing: `SPANNER_EMULATOR_BINARY: no file ${named}` };
  const gcloud = findOnPath('gcloud');
  if (gcloud === undefined) return { missing: 'no gcloud on PATH, and SPANNER_EMULATOR_BINARY is not set' };
  const binary = join(dirname(realpathSync(gcloud)), 'cloud_spanner_emulator/emulator_main');
  return existsSync(binary) ? { binary } : { missing: 'the Google Cloud SDK lacks its component cloud-spanner-emulator' };
}

/** A running emulator. */
interface SpannerEmulator {
  /** host:port of its gRPC API. */
  readonly host: string;
  close(): Promise<void>;
}

/** Starts the emulator on a free port. */
export async function startSpannerEmulator(binary: string): Promise<SpannerEmulator> {
  // The emulator binds a port that another one has without an error, so the port is taken and given back first.
  const host = `127.0.0.1:${await freePort()}`;
  const child = spawn(binary, ['--host_port', host, '--abort_current_transaction_probability=0'], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await untilListening(host, child);
  return {
    host,
    async close() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function findOnPath(command: string): string | undefined {
  try {
    return execFileSync('/bin/sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

async function untilListening(host: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the Spanner emulator ended with code ${child.exitCode} before it listened on ${host}`);
    if (await listens(host)) return;
    await wait(10);
  }
}

function listens(host: string): Promise<boolean> {
  const [name, port] = host.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), name, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
