import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenRequest } from '../../deploy/local/cloud/issuer/token-request.ts';
import { databaseEnvironment } from '../../deploy/local/platform/service-environment.ts';
import { type Platform, startPlatform } from '../../deploy/local/platform/start-platform.ts';
import { type Database, defineStatements, type Row, type Value } from '../../services/platform/cloud/spanner/database.ts';
import { openDatabase } from '../../services/platform/cloud/spanner/spanner-database.ts';

/** The whole local platform on an empty state, and a look into its database. */
export interface BenchPlatform {
  readonly platform: Platform;
  readonly database: Database;
  /** A token of the local issuer. */
  token(request: TokenRequest): Promise<string>;
  /** Rows of a text of the benchmark's own. */
  rows(text: string, values?: readonly Value[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Starts it. No transaction is aborted without a cause. This process's Google clients work with it from now on. */
export async function startBenchPlatform(): Promise<BenchPlatform> {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-bench-'));
  const platform = await startPlatform({ portBase: 0, stateDir, abortProbability: 0 });
  const { endpoints, ports } = platform;
  const environment = databaseEnvironment(ports);
  Object.assign(process.env, environment, { PUBSUB_EMULATOR_HOST: endpoints.pubsub, METADATA_SERVER_DETECTION: 'none' });
  const { SPANNER_INSTANCE: instance = '', SPANNER_DATABASE: name = '' } = environment;
  const database = openDatabase({ project: endpoints.project, instance, database: name });
  return {
    platform,
    database,
    token: async (request) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${endpoints.issuer}/token`, { method: 'POST', headers, body: JSON.stringify(request) });
      if (!response.ok) throw new Error(`the issuer answered HTTP ${response.status}: ${await response.text()}`);
      return ((await response.json()) as { token: string }).token;
    },
    rows: (text, values) => database.query(defineStatements('bench', { text }).text, values),
    close: async () => {
      await database.close();
      await platform.stop();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
