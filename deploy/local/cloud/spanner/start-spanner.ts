import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { type Clock, type LocalServer, systemClock } from '../../shared/local-server.ts';
import { createDatabaseAdminService } from './api/database-admin-service.ts';
import { createInstanceAdminService } from './api/instance-admin-service.ts';
import { Operations } from './api/operations.ts';
import { MAX_MESSAGE_BYTES } from './api/request-limits.ts';
import { loadSpannerDefinitions, type SpannerDefinitions } from './api/spanner-api.ts';
import { createSpannerService } from './api/spanner-service.ts';
import { Catalog } from './ddl/catalog.ts';
import { limitOldTables } from './ddl/ddl-limits.ts';
import { ensureDatabaseDirectory } from './engine/database-directory.ts';
import { lockDirectory } from './engine/directory-lock.ts';
import { Postgres } from './engine/postgres.ts';
import { type AbortPlan, type AbortPoint, createAbortPlan } from './transactions/abort-plan.ts';
import { CommitLog } from './transactions/commit-log.ts';
import { createCommitTimes } from './transactions/commit-time.ts';
import { LockQueue } from './transactions/lock-queue.ts';
import { OpenTransaction } from './transactions/open-transaction.ts';
import { Transactions } from './transactions/transactions.ts';

export interface SpannerOptions {
  /** 0 takes a free port. */
  readonly port: number;
  /** Where the data lives. Without it they live in a temporary directory that `close` removes. */
  readonly dataDir?: string;
  /** By which transactions are idle for too long. Default: the machine's. */
  readonly clock?: Clock;
  /** The time that commits and reads are stamped with, in milliseconds since the epoch. Default: that of `clock`. */
  readonly timestampNow?: () => number;
  /** Probability, 0 to 1, that a read-write transaction is aborted without a cause. Default 0. */
  readonly abortProbability?: number;
  /** With the same seed, transactions that come in the same order are aborted alike. Default 1. */
  readonly abortSeed?: number;
  /** Answers a failed stream without headers, as Spanner may: the client then repeats the call for seconds unless told otherwise. Default false. */
  readonly trailersOnlyErrors?: boolean;
}

/** A running local Spanner. */
export interface SpannerServer extends LocalServer {
  /** Aborts the next read-write transaction that runs a statement or commits, at this point. */
  abortNext(point: AbortPoint): void;
  /** Who decides which transactions are aborted without a cause. */
  readonly abortPlan: Pick<AbortPlan, 'probability'>;
}

/**
 * Starts a server of google.spanner.v1 and its admin APIs, PostgreSQL dialect, in front of one embedded PostgreSQL.
 * Clients find it by SPANNER_EMULATOR_HOST.
 *
 * @throws {Error} where the directory is in use or the port is taken.
 */
export async function startSpanner(options: SpannerOptions): Promise<SpannerServer> {
  const clock = options.clock ?? systemClock;
  const directory = options.dataDir ?? mkdtempSync(join(tmpdir(), `local-spanner-${process.pid}-`));
  mkdirSync(directory, { recursive: true });
  const lock = lockDirectory(directory);
  const release = () => {
    lock.release();
    if (options.dataDir === undefined) rmSync(directory, { recursive: true, force: true });
  };
  let postgres: Postgres | undefined;
  try {
    const data = join(directory, 'postgres');
    await ensureDatabaseDirectory(data);
    const opening = Postgres.open(data);
    // While other threads compile PostgreSQL.
    const definitions = loadSpannerDefinitions();
    const opened = await opening;
    postgres = opened;
    limitOldTables(opened);
    const { server, transactions, abortPlan } = createServer(opened, definitions, clock, options);
    const port = await listen(server, options.port);
    return {
      port,
      abortNext: (point) => abortPlan.force(point),
      abortPlan,
      close: async () => {
        server.forceShutdown();
        transactions.close();
        await opened.close();
        release();
      },
    };
  } catch (error) {
    await postgres?.close();
    release();
    throw error;
  }
}

function createServer(postgres: Postgres, definitions: SpannerDefinitions, clock: Clock, options: SpannerOptions) {
  const now = createCommitTimes(options.timestampNow ?? (() => clock.now()));
  const abortPlan = createAbortPlan(options.abortProbability ?? 0, options.abortSeed ?? 1);
  const catalog = new Catalog(postgres);
  const operations = new Operations();
  const transactions = new Transactions({
    now: () => clock.now(),
    queue: new LockQueue(clock),
    open: new OpenTransaction(postgres, now),
    commits: new CommitLog(postgres),
    abortPlan,
    nextCommitTime: now,
  });
  // Clients open one connection for many calls; a large batch of mutations is one message.
  const server = new Server({ 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES });
  const headersBeforeError = !(options.trailersOnlyErrors ?? false);
  server.addService(definitions.spanner, createSpannerService({ postgres, catalog, transactions, now, headersBeforeError }));
  server.addService(definitions.instanceAdmin, createInstanceAdminService(catalog, transactions, operations));
  server.addService(definitions.databaseAdmin, createDatabaseAdminService({ postgres, catalog, transactions, operations }));
  server.addService(definitions.operations, operations.service());
  return { server, transactions, abortPlan };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else if (error.message.includes('EADDRINUSE'))
        reject(new Error(`port ${port} of 127.0.0.1 is taken: name another one`, { cause: error }));
      else reject(error);
    });
  });
}
