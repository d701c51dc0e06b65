import { execFileSync } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { podman, refuseBeyondMachine, removeOrphans, removeWithParent, whyNoContainers } from '../../docker/containers/podman.ts';
import { imageName } from '../../docker/images/build-images.ts';
import { readEnvironment, sizesOf } from '../../environments/environment.ts';
import { type ContainerProgram, containersFolder } from './container.ts';
import { CloudRunModeError } from './run-limits.ts';

const root = join(import.meta.dirname, '../../..');
/** What `npm run images` tags, unless told. */
const imageTag = 'main';

/** Which images are run. */
interface ImageContainersOptions {
  /** The environment whose images they are, and whose memory and CPU they have: its name in deploy/environments. */
  readonly environment: string;
  /** Where the platform's state lies. */
  readonly stateDir: string;
  /** Tells people of what is no failure. */
  readonly tell: (text: string) => void;
}

/** What an image says of itself. */
interface ImageConfig {
  readonly User: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

/**
 * The containers that services are started as, by name: the images that `npm run images` has built. From now on no container outlives this process, and those of
 * processes that are gone are removed.
 *
 * @throws {CloudRunModeError} where containers cannot be run here or an image is not built, {ImagesError} where a manifest asks for more than the machine has.
 */
export async function containerPrograms({
  environment: name,
  stateDir,
  tell,
}: ImageContainersOptions): Promise<Readonly<Record<string, ContainerProgram>>> {
  const why = whyNoContainers();
  if (why !== undefined) throw new CloudRunModeError(`--containers needs podman, and containers with limits: ${why}`);
  const environment = readEnvironment(name);
  const folder = containersFolder(stateDir);
  // Whoever has docker as well would have them built by that, where podman does not see them.
  const command = `npm run images -- --env ${name} --builder podman`;
  const preload = await followClock();
  const revisions = new Set<string>();
  const programs = serviceNames.map((service): [string, ContainerProgram] => {
    const image = imageName(service, { environment, imageTag });
    const { memory, cpu } = sizesOf(environment, service);
    const limits = { memory, cpu: String(cpu) };
    refuseBeyondMachine(service, limits, { bytes: totalmem(), cpus: availableParallelism() });
    const { User, Labels } = configOf(image, command);
    revisions.add(Labels?.['org.opencontainers.image.revision'] ?? 'unknown');
    const [uid = 0, gid = uid] = User.split(':').map(Number);
    return [service, { image, limits, user: { uid, gid }, preload, env: {}, folder }];
  });
  const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim();
  const others = [...revisions].filter((revision) => revision !== head);
  if (others.length > 0) tell(`images are of ${others.join(', ')}, and this folder is at ${head}: ${build} builds them anew`);
  removeOrphans();
  removeWithParent();
  return Object.fromEntries(programs);
}

/** @throws {CloudRunModeError} where there is no such image. */
function configOf(image: string, command: string): ImageConfig {
  const { code, stdout } = podman('image', 'inspect', '--format', '{{json .Config}}', image);
  if (code !== 0) throw new CloudRunModeError(`the image ${image} is not there: build it with ${command}`);
  return JSON.parse(stdout) as ImageConfig;
}

/** What moves a process's business time, as one module: an image holds nothing of it. */
async function followClock(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'deploy/local/shared/clock/follow-clock.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    minify: true,
    write: false,
  });
  return outputFiles[0]!.text;
}
