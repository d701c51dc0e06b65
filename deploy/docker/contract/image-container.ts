import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { type Limits, podman, refuseBeyondMachine } from '../containers/podman.ts';
import { runArguments } from '../containers/run-arguments.ts';
import { ImagesError } from '../images/images-error.ts';
import { RunningServer } from '../running-server.ts';

/** What a container is started with. */
interface ContainerOptions {
  readonly image: string;
  readonly limits: Limits;
  readonly env: Readonly<Record<string, string>>;
  /** Where it is told to listen, on the loopback of this machine. Without one it is alone in its network, and listens where its image says. */
  readonly port?: number;
  /** Files of this machine in place of the image's, by path in the image. */
  readonly files?: Readonly<Record<string, string>>;
}

let started = 0;

/** A container as Cloud Run runs it: see `runArguments`. Its process is podman, which hands on signals, output and the code of the end. */
export class ImageContainer extends RunningServer {
  readonly #name: string;
  readonly #folder: string;

  /** @throws {ImagesError} where the machine is smaller than the limits. */
  constructor({ image, limits, env, port, files = {} }: ContainerOptions) {
    const name = `kumiko-${process.pid}-${started++}`;
    refuseBeyondMachine(image, limits, { bytes: totalmem(), cpus: availableParallelism() });
    const folder = mkdtempSync(join(tmpdir(), 'kumiko-container-'));
    super({
      command: 'podman',
      args: runArguments({
        name,
        image,
        limits,
        env: { ...env, ...(port !== undefined && { PORT: String(port) }) },
        network: port === undefined ? 'none' : 'host',
        files,
        folder,
      }),
      env: { PATH: process.env['PATH'] ?? '' },
      // conmon notes a want of memory in its folder.
      cwd: folder,
      ...(port !== undefined && { port }),
    });
    this.#name = name;
    this.#folder = folder;
  }

  /** Whether its first process runs. */
  get isRunning(): boolean {
    return podman('inspect', '--format', '{{.State.Running}}', this.#name).stdout === 'true';
  }

  /** The process id, on this machine, of the container's first process. */
  get innerPid(): number {
    const pid = Number(podman('inspect', '--format', '{{.State.Pid}}', this.#name).stdout);
    if (!(pid > 0)) throw new ImagesError(`${this.#name} does not run; it wrote:\n${this.output}`);
    return pid;
  }

  /** What lies in its /tmp. */
  temporaryFiles(): string[] {
    return readdirSync(`/proc/${this.innerPid}/root/tmp`, { recursive: true, encoding: 'utf8' });
  }

  /** Its user and group, as numbers. */
  user(): { readonly uid: number; readonly capabilities: string } {
    const status = readFileSync(`/proc/${this.innerPid}/status`, 'utf8');
    return { uid: Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]), capabilities: /^CapEff:\s+(\w+)/m.exec(status)?.[1] ?? '' };
  }

  /** Addresses in hexadecimal and ports on which it listens, in a network of its own. */
  listeners(): string[] {
    return ['tcp', 'tcp6'].flatMap((kind) =>
      readFileSync(`/proc/${this.innerPid}/net/${kind}`, 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter(([, , , state]) => state === '0A')
        .map(([, local]) => `${local!.split(':')[0]}:${Number.parseInt(local!.split(':')[1]!, 16)}`),
    );
  }

  /** Memory by its control group, in bytes: what it may have, the most that it had, and how many processes were killed for want of it. */
  memory(): { readonly limit: number; readonly peak: number; readonly kills: number } {
    const groups = readFileSync(`/proc/${this.innerPid}/cgroup`, 'utf8');
    const first = /^\d+:memory:(.*)$/m.exec(groups)?.[1];
    if (first !== undefined) {
      const read = (file: string) => readFileSync(join('/sys/fs/cgroup/memory', first, file), 'utf8');
      return {
        limit: Number(read('memory.limit_in_bytes')),
        peak: Number(read('memory.max_usage_in_bytes')),
        kills: Number(/^oom_kill (\d+)$/m.exec(read('memory.oom_control'))?.[1]),
      };
    }
    const path = /^0::(.*)$/m.exec(groups)?.[1] ?? '';
    const read = (file: string) => readFileSync(join('/sys/fs/cgroup', path, file), 'utf8');
    return {
      limit: Number(read('memory.max')),
      peak: Number(read('memory.peak')),
      kills: Number(/^oom_kill (\d+)$/m.exec(read('memory.events'))?.[1]),
    };
  }

  override async stop(
    signal: 'SIGTERM' | 'SIGKILL' | 'SIGUSR2' = 'SIGTERM',
  ): Promise<{ readonly code: number | null; readonly output: string }> {
    // podman hands on what can be handed on; what ends at once ends podman itself.
    if (signal === 'SIGKILL') podman('rm', '--force', '--time', '0', this.#name);
    const end = await super.stop(signal);
    podman('rm', '--force', '--time', '0', this.#name);
    rmSync(this.#folder, { recursive: true, force: true });
    return end;
  }
}
