import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImagesError } from '../images/images-error.ts';

/** Whose containers are whose: the process that started them, and when it began, since process ids come again. */
const ownerLabel = 'kumiko.owner';

/** How podman is called. Tests put another in its place. */
export type Podman = (...args: readonly string[]) => { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs podman to its end. */
export const podman: Podman = (...args) => {
  const { status, stdout, stderr } = spawnSync('podman', [...runtime(), ...args], { encoding: 'utf8' });
  return { code: status, stdout: (stdout ?? '').trim(), stderr: (stderr ?? '').trim() };
};

/** runc where it is there: crun, which podman prefers, refuses machines on which cgroups of both versions are mounted. */
export function runtime(): string[] {
  return ['/usr/bin/runc', '/usr/sbin/runc', '/usr/local/bin/runc'].some(existsSync) ? ['--runtime', 'runc'] : [];
}

/** Why containers with limits cannot be run here, and what to do; undefined where they can. */
export function whyNoContainers(tried: Podman = podman, isRoot = process.getuid?.() === 0): string | undefined {
  if (tried('--version').code !== 0) return 'podman is not there: apt-get install podman runc';
  if (!isRoot) return 'limits of containers are for root to set here: run it as root';
  const info = tried('info', '--format', '{{.Host.CgroupsVersion}} {{.Host.OCIRuntime.Name}}');
  if (info.code !== 0) return `podman cannot work here: ${info.stderr.split('\n').at(-1)}`;
  const [version, name] = info.stdout.split(' ');
  if (version === 'v1' && name === 'crun' && runtime().length === 0)
    return 'control groups here are of version 1, which crun does not take: apt-get install runc';
  return undefined;
}

/** What a manifest gives to a container. */
export interface Limits {
  /** As Kubernetes writes it: "512Mi". */
  readonly memory: string;
  readonly cpu: string;
}

/** The bytes of a quantity of Kubernetes (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/), of the kinds that manifests have. */
export function bytesOf(quantity: string): number {
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  if (number === undefined) throw new ImagesError(`memory "${quantity}": expected a number of Mi or Gi, such as "512Mi"`);
  return Number(number) * (unit === 'Gi' ? 1_024 ** 3 : 1_024 ** 2);
}

/** @throws {ImagesError} where a manifest asks for more than the machine has: a limit that cannot be reached holds nothing. */
export function refuseBeyondMachine(
  name: string,
  { memory, cpu }: Limits,
  machine: { readonly bytes: number; readonly cpus: number },
): void {
  if (bytesOf(memory) > machine.bytes)
    throw new ImagesError(
      `${name} is given ${memory} of memory by its manifest, and this machine has ${Math.floor(machine.bytes / 1_024 ** 2)}Mi: run it on a larger one, or lower "memory" in deploy/environments`,
    );
  if (Number(cpu) > machine.cpus)
    throw new ImagesError(
      `${name} is given ${cpu} CPUs by its manifest, and this machine has ${machine.cpus}: run it on a larger one, or lower "cpu" in deploy/environments`,
    );
}

/** The label of containers that this process starts. */
export function ownLabel(): string {
  return `${ownerLabel}=${process.pid}-${beganAt(process.pid)}`;
}

/** Removes the containers of processes that are gone, killed before they could. */
export function removeOrphans(call: Podman = podman): void {
  const listed = call('ps', '--all', '--filter', `label=${ownerLabel}`, '--format', `{{.ID}} {{index .Labels "${ownerLabel}"}}`);
  for (const line of listed.stdout.split('\n').filter(Boolean)) {
    const [id = '', owner = ''] = line.split(' ');
    const [pid, began] = owner.split('-');
    if (beganAt(Number(pid)) !== began) call('rm', '--force', '--time', '0', id);
  }
}

/** Starts what removes this process's containers as soon as it is gone, even by kill -9: it waits for the end of its input. */
export function removeWithParent(): void {
  const watcher = spawn(
    'sh',
    ['-c', 'cat >/dev/null; podman ps --all --quiet --filter "label=$1" | xargs -r podman rm --force --time 0', 'sh', ownLabel()],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      // A signal from the terminal is not for it.
      detached: true,
    },
  );
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void }).unref();
}

/** When a process began, in ticks since the machine did; undefined where there is none. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function beganAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(join('/proc', String(pid), 'stat'), 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
