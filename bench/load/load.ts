import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { cpuMilliseconds } from './process-cpu.ts';

/** Unary gRPC calls, plaintext HTTP/2. */
export interface GrpcLoad {
  readonly kind: 'grpc';
  readonly port: number;
  readonly path: string;
  readonly calls: readonly GrpcCall[];
  readonly connections: number;
  /** Calls at one time on each connection. */
  readonly streams: number;
}

/** One gRPC call. */
export interface GrpcCall {
  readonly headers: Readonly<Record<string, string>>;
  /** The request message in base64. */
  readonly body: string;
}

/** HTTP/1.1 requests over connections that are kept. */
export interface RestLoad {
  readonly kind: 'rest';
  readonly port: number;
  readonly requests: readonly RestRequest[];
  readonly connections: number;
}

/** One HTTP request. */
export interface RestRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a round of load met. */
export interface LoadResult {
  /** Answered as they should be. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the process that makes the load, in cores. Near 1 it is the load that is measured. */
  readonly loadCores: number;
}

/** A process that makes load: not the one that serves, and not the one that counts. */
export interface LoadProcess {
  /** Sends the requests in turn on each connection, again and again. @throws {Error} where one was not answered as it should be. */
  run(load: GrpcLoad | RestLoad, durationMs: number): Promise<LoadResult>;
  /** Sends each request once and waits for all answers. @throws {Error} where one was not answered as it should be. */
  runOnce(load: GrpcLoad | RestLoad): Promise<LoadResult>;
  stop(): void;
}

/** What the process is told. Without a duration each request is sent once. */
export interface LoadOrder {
  readonly load: GrpcLoad | RestLoad;
  readonly durationMs?: number;
}

/** What the process answers. */
export interface LoadReport {
  readonly count: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failures: number;
  readonly failure: string;
}

/** Starts the process. */
export function startLoadProcess(): LoadProcess {
  const child = fork(join(import.meta.dirname, 'load-worker.ts'), { stdio: 'inherit' });
  async function run(order: LoadOrder): Promise<LoadResult> {
    const { port } = order.load;
    const cpuBefore = cpuMilliseconds(child.pid!);
    child.send(order);
    const report = await reportOf(child);
    const { count, seconds, p50Ms, p99Ms, failures, failure } = report;
    if (failures > 0) throw new Error(`${failures} of ${failures + count} requests to port ${port} failed; the first: ${failure}`);
    if (count === 0) throw new Error(`port ${port} has answered nothing`);
    return { perSecond: count / seconds, p50Ms, p99Ms, loadCores: (cpuMilliseconds(child.pid!) - cpuBefore) / 1_000 / seconds };
  }
  return {
    run: (load, durationMs) => run({ load, durationMs }),
    runOnce: (load) => run({ load }),
    stop: () => void child.kill(),
  };
}

/** @throws {Error} when the process ends instead. */
async function reportOf(child: ChildProcess): Promise<LoadReport> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const ended = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`the process that makes the load has ended with ${by ?? `code ${code}`}`);
  });
  try {
    const [report] = await Promise.race([once(child, 'message', { signal }), ended]);
    return report as LoadReport;
  } finally {
    waiting.abort();
  }
}
