import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { hasEnded } from '../../gateway/envoy/end-child.ts';
import { untilListening } from '../../services/platform/tools/listening-port.ts';

/** A unary call of bytes. */
export interface RawCall {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** The status that it ends with, where that is not OK. */
  readonly refused?: keyof typeof status;
  /** Its deadline; 10 s where it is left out. */
  readonly timeoutMs?: number;
}

/** grpc.health.v1.Health/Check of the whole server. */
export const healthCheck: RawCall = { path: '/grpc.health.v1.Health/Check' };

/** Of its output so many characters are kept. */
const maxOutput = 8_000;

const callTimeoutMs = 10_000;

/** As long as the startup probe of the manifests waits. */
const startSeconds = 30;

/** What starts a server. */
interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Where it will listen, if that is known: otherwise its first log line says it. */
  readonly port?: number;
}

/** A server that has been started, from an assembled tree or from its image: callers need not know which. */
export class RunningServer {
  readonly startedAt = performance.now();
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  readonly #child: ChildProcess;
  readonly #port: Promise<number>;
  #output = '';
  #client: Client | undefined;

  constructor({ command, args, env, cwd, port }: ServerCommand) {
    this.#child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stderr!.on('data', (data) => this.#print(data));
    this.ended = once(this.#child, 'close').then(([code]) => ({ code, output: this.#output }));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      this.#print(`${line}\n`);
      if (port === undefined && line.includes('"message":"listening"')) resolve((JSON.parse(line) as { port: number }).port);
    });
    if (port !== undefined) this.#until(port).then(() => resolve(port), reject);
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
  async call({ path, headers = {}, body = Buffer.alloc(0), refused, timeoutMs = callTimeoutMs }: RawCall): Promise<Buffer> {
    this.#client ??= new Client(`127.0.0.1:${await this.listening()}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const client = this.#client;
    const raw = (bytes: Buffer) => bytes;
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs };
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

  /** Sends a signal, and resolves when it has ended. Calls go on. */
  signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2'): Promise<{ readonly code: number | null; readonly output: string }> {
    this.#child.kill(signal);
    return this.ended;
  }

  /** Ends it, by SIGTERM as Cloud Run does. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2' = 'SIGTERM'): Promise<{ readonly code: number | null; readonly output: string }> {
    this.#client?.close();
    return this.signal(signal);
  }

  /** What it has written so far, or the end of it. */
  get output(): string {
    return this.#output;
  }

  async #until(port: number): Promise<void> {
    const givenUpAt = performance.now() + startSeconds * 1_000;
    try {
      await untilListening(port, {
        givenUp: () => {
          if (hasEnded(this.#child)) return 'it has ended';
          if (performance.now() < givenUpAt) return undefined;
          return `port ${port} did not open in ${startSeconds} s, which is what Cloud Run waits for; it wrote:\n${this.#output}`;
        },
      });
    } catch (error) {
      // The end tells more, once all of the output is there.
      if (hasEnded(this.#child)) await this.ended;
      throw error;
    }
  }

  #print(text: string): void {
    // The end is what tells why; the rest would only grow.
    this.#output = (this.#output + text).slice(-maxOutput);
  }
}
