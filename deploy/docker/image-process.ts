import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';

/** What the image's ENV sets beside what Cloud Run does; paths of the image's own file system. */
export const imageEnvironment = {
  // The client's own metrics would go to Cloud Monitoring by a timer, for which Cloud Run gives no CPU, and by a role that no service has.
  SPANNER_DISABLE_BUILTIN_METRICS: 'true',
  // One heap for all threads, given back when it is free: a service is one busy thread, and memory is paid for.
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '131072',
} as const;

/**
 * What Node is started with. About 35 MB are alive in a service that is busy, and without limits V8 lets garbage grow to several times as much. Maglev, the
 * compiler of the middle, keeps 40 MB for itself; hot code still goes through the optimising one. That one would optimise what only the start calls often, a
 * tenth of the start: the service turns it on when it has started. The last is what the service sets for itself, here because a code cache is for the flags
 * that it was made with.
 */
export const nodeFlags = [
  '--max-semi-space-size=4',
  '--max-old-space-size=128',
  '--no-maglev',
  '--no-opt',
  '--no-allocation-site-pretenuring',
] as const;

/** A unary call of bytes. */
export interface RawCall {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** The status that it ends with, where that is not OK. */
  readonly refused?: keyof typeof status;
}

/** grpc.health.v1.Health/Check of the whole server. */
export const healthCheck: RawCall = { path: '/grpc.health.v1.Health/Check' };

const callTimeoutMs = 10_000;

/** A server that runs from an assembled tree as from its image: this process's Node, the files of the tree, no variable but those given. */
export class ImageProcess {
  readonly startedAt = performance.now();
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  readonly #child: ChildProcess;
  readonly #port: Promise<number>;
  #output = '';
  #client: Client | undefined;

  constructor(tree: string, env: Readonly<Record<string, string>>) {
    const folder = join(tree, 'app');
    this.#child = spawn(process.execPath, [...nodeFlags, join(folder, 'main.js')], {
      cwd: folder,
      env: { ...imageEnvironment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stderr!.on('data', (data) => this.#print(data));
    this.ended = once(this.#child, 'close').then(([code]) => ({ code, output: this.#output }));
    const { promise, resolve } = Promise.withResolvers<number>();
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#print(`${line}\n`);
      const { message, port } = JSON.parse(line) as { message?: string; port?: number };
      if (message === 'listening' && port !== undefined) resolve(port);
    });
    this.#port = Promise.race([
      promise,
      this.ended.then(({ code, output }): never => {
        throw new Error(`the process ended with code ${code} before it listened:\n${output}`);
      }),
    ]);
    this.#port.catch(() => {});
  }

  /** The port that it says it listens on. @throws with its output where it ends before. */
  listening(): Promise<number> {
    return this.#port;
  }

  /** Resolves with the response, an empty one where the call is to be refused. @throws naming the status, with the output so far. */
  async call({ path, headers = {}, body = Buffer.alloc(0), refused }: RawCall): Promise<Buffer> {
    this.#client ??= new Client(`127.0.0.1:${await this.listening()}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const client = this.#client;
    const raw = (bytes: Buffer) => bytes;
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + callTimeoutMs };
      client.makeUnaryRequest(path, raw, raw, body, metadata, options, (error: ServiceError | null, response) => {
        if (error === null && refused === undefined) resolve(response!);
        else if (error === null) reject(new Error(`${path}: OK, not ${refused}`));
        else if (status[error.code] === refused) resolve(Buffer.alloc(0));
        else reject(new Error(`${path}: ${status[error.code]} ${error.details}\n${this.#output}`, { cause: error }));
      });
    });
  }

  /** The process id. */
  get pid(): number {
    return this.#child.pid!;
  }

  /** Resident memory in MB. */
  residentMegabytes(): number {
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, 'utf8'))?.[1]) / 1_024;
  }

  /** Ends it, by SIGTERM as Cloud Run does. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<{ readonly code: number | null; readonly output: string }> {
    this.#client?.close();
    this.#child.kill(signal);
    return this.ended;
  }

  #print(text: string): void {
    // The end is what tells why; the rest would only grow.
    this.#output = (this.#output + text).slice(-8_000);
  }
}
