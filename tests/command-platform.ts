import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Endpoints, endpointsFile } from '../deploy/local/platform/endpoints.ts';
import { hasEnded } from '../gateway/envoy/end-child.ts';

const main = join(import.meta.dirname, '../deploy/local/main.ts');

/** `npm start` as a person runs it: a process in a group of its own, so that what it leaves behind can be seen. */
export class CommandPlatform {
  readonly #child: ChildProcess;
  readonly #stateDir: string;
  #output = '';

  /**
   * @param launcher what starts the main process; unless told, that is the one that signals go to.
   * @param env variables beside those of this process.
   */
  constructor(
    stateDir: string,
    args: readonly string[] = ['--port-base', '0'],
    launcher?: 'npm',
    env: Readonly<Record<string, string>> = {},
  ) {
    this.#stateDir = stateDir;
    const [command, ...first] = launcher === undefined ? [process.execPath, main] : ['npm', 'start', '--'];
    this.#child = spawn(command!, [...first, '--state-dir', stateDir, ...args], {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /** All that it has printed. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when it has printed what the pattern says. @throws with what it printed where it ends before. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#output);
      if (found !== null) return found;
      if (this.#child.exitCode !== null) throw new Error(`npm start ended:\n${this.#output}`);
      await Promise.race([once(this.#child.stdout!, 'data'), once(this.#child, 'exit')]);
    }
  }

  /** Resolves when it prints that it is ready. @throws with what it printed where it ends before. */
  async ready(): Promise<Endpoints> {
    await this.printed(/ready in \d/);
    return JSON.parse(readFileSync(endpointsFile(this.#stateDir), 'utf8')) as Endpoints;
  }

  /** Resolves with the exit code, or the signal's name. */
  async exit(): Promise<number | string> {
    if (!hasEnded(this.#child)) await once(this.#child, 'exit');
    return this.#child.exitCode ?? this.#child.signalCode ?? '';
  }

  /** Sends a signal to the main process only. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Sends a signal to every process at once. */
  signalAll(name: NodeJS.Signals): void {
    process.kill(-this.#child.pid!, name);
  }

  /** Whether any of its processes is still there. */
  get alive(): boolean {
    try {
      process.kill(-this.#child.pid!, 0);
      return true;
    } catch {
      return false;
    }
  }
}
