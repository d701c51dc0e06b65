import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuilderName } from './builder.ts';

/** How containers of builds are listed, each with the image that it began with, and removed. Docker's daemon does that by itself. */
const commands = {
  podman: { list: ['ps', '--all', '--external', '--no-trunc', '--format', '{{.ID}} {{.ImageID}}'], remove: ['rm', '--force'] },
  buildah: { list: ['containers', '--notruncate', '--format', '{{.ContainerID}} {{.ImageID}}'], remove: ['rm'] },
} as const;

/**
 * Removes what a build that was killed has left: containers, with their mounts, on images that our logs name as their steps. Does nothing while anybody builds
 * here, since another checkout builds on the same steps.
 */
export function removeLeftBehind(builder: BuilderName, logFolder: string): void {
  if (builder === 'docker' || !existsSync(logFolder) || somebodyBuilds()) return;
  const logs = readdirSync(logFolder)
    .filter((name) => name.endsWith('.log'))
    .map((name) => readFileSync(join(logFolder, name), 'utf8'));
  const steps = new Set(
    logs.flatMap((log) => [...log.matchAll(/^--> (?:Using cache )?([0-9a-f]{11,64})$/gm)].map(([, id]) => id!.slice(0, 11))),
  );
  const { list, remove } = commands[builder];
  const { stdout } = spawnSync(builder, list, { encoding: 'utf8' });
  for (const line of (stdout ?? '').split('\n').filter(Boolean)) {
    const [container, image = ''] = line.split(' ');
    if (steps.has(image.replace('sha256:', '').slice(0, 11))) spawnSync(builder, [...remove, container!]);
  }
}

function somebodyBuilds(): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        const [command = '', argument] = readFileSync(join('/proc', pid, 'cmdline'), 'utf8').split('\0');
        return /(^|\/)(podman|buildah)$/.test(command) && argument === 'build';
      } catch {
        // It has ended meanwhile.
        return false;
      }
    });
}
