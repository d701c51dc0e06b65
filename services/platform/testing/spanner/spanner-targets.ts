import { join } from 'node:path';
import { startSpanner } from '../../../../deploy/local/cloud/spanner/start-spanner.ts';
import { migrate } from '../../cloud/spanner/migrate.ts';
import type { DatabaseAddress } from '../../cloud/spanner/spanner-client.ts';
import { findSpannerEmulator, startSpannerEmulator } from './spanner-emulator.ts';

/** A Spanner of its own, and the address of the one database that is meant to be in it. */
export interface RunningSpanner {
  /** host:port of its gRPC API. */
  readonly host: string;
  readonly address: DatabaseAddress;
  close(): Promise<void>;
}

/** An implementation of Spanner that the suites run on. */
interface SpannerTarget {
  readonly name: string;
  /** Why it cannot be started here. */
  readonly missing: string | undefined;
  /** Starts it, empty, and sets the process's environment for Google's client. */
  start(): Promise<RunningSpanner>;
}

const address: DatabaseAddress = { project: 'kumiko-test', instance: 'test', database: 'kumiko' };
const fixture = join(import.meta.dirname, 'fixture');
const emulator = findSpannerEmulator();

/** Google's emulator. */
const googleEmulator: SpannerTarget = {
  name: "Google's Spanner emulator",
  missing: 'missing' in emulator ? emulator.missing : undefined,
  async start() {
    if ('missing' in emulator) throw new Error(emulator.missing);
    const running = await startSpannerEmulator(emulator.binary);
    // The emulator knows no multiplexed sessions.
    setEnvironment(running.host, 'false');
    return { ...running, address };
  },
};

/** The one that `npm start` runs. */
const localSpanner: SpannerTarget = {
  name: 'the local Spanner',
  missing: undefined,
  async start() {
    const server = await startSpanner({ port: 0 });
    const host = `127.0.0.1:${server.port}`;
    setEnvironment(host, 'true');
    return { host, address, close: () => server.close() };
  },
};

/** Every implementation. */
export const spannerTargets: readonly SpannerTarget[] = [localSpanner, googleEmulator];

/** Starts it with the migrations under `root`: the storage case suite's own, or every service's. */
export async function startMigrated(target: SpannerTarget, root = fixture): Promise<RunningSpanner> {
  const running = await target.start();
  await migrate({ ...address, root });
  return running;
}

function setEnvironment(host: string, multiplexedSessions: 'true' | 'false'): void {
  process.env['SPANNER_EMULATOR_HOST'] = host;
  process.env['GOOGLE_CLOUD_SPANNER_MULTIPLEXED_SESSIONS'] = multiplexedSessions;
  process.env['GOOGLE_CLOUD_SPANNER_MULTIPLEXED_SESSIONS_FOR_RW'] = multiplexedSessions;
  process.env['METADATA_SERVER_DETECTION'] = 'none';
}
