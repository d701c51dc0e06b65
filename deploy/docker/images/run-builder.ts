import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuilderName, buildArguments, type ImageBuild } from './builder.ts';
import { ImagesError } from './images-error.ts';

/** Lines of its log that are shown where a build fails. */
const shownLines = 40;

/**
 * Builds an image. What the builder says goes to a file, and is shown where it fails. A builder does not outlive this process, and is told to end, not
 * killed, so that it takes its mounts away: beside it stands a shell that waits for the end of its input, which is ours.
 *
 * @throws {ImagesError} with the end of the log.
 */
export async function runBuilder(name: BuilderName, build: ImageBuild, logFile: string): Promise<void> {
  const child = spawn('sh', [join(import.meta.dirname, 'end-with-parent.sh'), name, ...buildArguments(name, build)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // Of processes alone: a daemon and its namespaces are not needed for Dockerfiles that are ours.
    env: { BUILDAH_ISOLATION: 'chroot', ...process.env },
  });
  mkdirSync(dirname(logFile), { recursive: true });
  const log = createWriteStream(logFile);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      log.write(data);
      lines.push(...data.toString().split('\n').filter(Boolean));
      lines.splice(0, lines.length - shownLines);
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  log.end();
  await once(log, 'close');
  if (code !== 0)
    throw new ImagesError(`${name} could not build ${build.tag} (code ${code}); its log is ${logFile}, and ends so:\n${lines.join('\n')}`);
}
