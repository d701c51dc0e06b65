import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { product } from '../../../services/platform/contracts/services.ts';
import { type BuilderName, idOf } from './builder.ts';
import { basesOf, digestOf, entriesIn } from './content.ts';
import { ImagesError } from './images-error.ts';
import { runBuilder } from './run-builder.ts';
import { unlessMade } from './unless-made.ts';

const root = join(import.meta.dirname, '../../..');
const dockerfile = join(import.meta.dirname, '../services.Dockerfile');

/** What stages are built with. */
export interface StagesOptions {
  readonly builder: BuilderName;
  /** Arguments of the Dockerfiles: base images. */
  readonly args: Readonly<Record<string, string>>;
  /** The time of everything in them. */
  readonly epochSeconds: number;
  readonly logFolder: string;
}

/** The stages of services.Dockerfile that all of its images share, by the argument that names each as an image. */
const stages = { INSTALLED: 'packages', SHARED: 'runtime', ASSEMBLED: 'build' } as const;

/** What services.Dockerfile copies before it installs packages: files, and folders with a slash at the end. */
export const installedFrom: readonly string[] = ['package.json', 'package-lock.json', 'gateway/envoy/'];

/** What is built of the stages. */
export interface Stages {
  /** The arguments of services.Dockerfile that name them as images. */
  readonly args: Readonly<Record<string, string>>;
  /** What stands for stages whose image lacks what they have made. */
  readonly contexts: Readonly<Record<string, string>>;
  /** What an image is made of, as a name that no other content has; undefined where the builder finds that out quickly itself. */
  contentOf(image: string): string | undefined;
  /** The end of tags of images that are of use in these builds only. */
  readonly tag: string;
}

/**
 * Builds the stages of services.Dockerfile that all of its images share, and gives them to those as images: podman and buildah would look at each
 * step of all for every image again, which takes them seconds. Docker does not, and its builders need not see the images of this machine.
 *
 * None is asked for again where nothing has changed that it is made of: to find each step takes seconds too. So of the stage that assembles, steps are not kept:
 * each would be written as a layer, and looked for among all that the builder has. It writes the trees to a folder here, since to write them to an image and read
 * them from there takes seconds too.
 *
 * Builds at one time may share the builder: each has tags for its own checkout, product, bases and time, so that none is handed another's stages. The tags stay
 * when the images are built: the builder's cache is the untagged layers below them. Removing an image takes those along, and without a tag a prune does.
 *
 * @param assembling is called when the builder is at the stage that takes the longest, if it is asked for it.
 */
export async function buildStages({ builder, args, epochSeconds, logFolder }: StagesOptions, assembling: () => void): Promise<Stages> {
  const digest = digestOf([JSON.stringify([root, product, Object.entries(args).toSorted(), epochSeconds])]).slice(0, 12);
  const stagesTag = `${product}-${digest}`;
  const packages = await packagesDigest(builder, args);
  const made: Record<string, string> = {};
  const assembled = join(logFolder, 'assembled');
  const trees = join(assembled, 'trees');
  /** It names them. */
  const log = join(logFolder, 'assembled.log');
  for (const [argument, target] of Object.entries(stages)) {
    const name = argument.toLowerCase();
    const assembles = target === 'build';
    const tag = `localhost/kumiko-base/${name}:${stagesTag}`;
    const build = {
      dockerfile,
      tag,
      target,
      args: { ...args, ...(builder !== 'docker' && made) },
      labels: {},
      epochSeconds,
      context: root,
      ...(assembles && { oneLayer: true, volumes: { [trees]: '/trees' } }),
    };
    const run = () => {
      if (assembles) emptied(trees);
      const running = runBuilder(builder, build, join(logFolder, `${name}.log`));
      if (assembles) assembling();
      return running;
    };
    const idNow = async () => (assembles && !(existsSync(trees) && existsSync(log)) ? undefined : idOf(builder, tag));
    const inputs = `${builder} ${tag} ${packages}${assembles ? ` ${sourcesDigest()}` : ''}`;
    if (builder === 'docker') await run();
    else await unlessMade({ idNow, inputs, file: join(logFolder, `${name}.made`) }, run);
    made[argument] = tag;
  }
  if (builder === 'docker') return { args: {}, contexts: {}, contentOf: () => undefined, tag: stagesTag };
  const names = treesOf(readFileSync(log, 'utf8'));
  const contentOf = (image: string) => {
    if (names[image] === undefined) throw new ImagesError(`${log} does not name the tree of ${image}: remove ${trees}, and build again`);
    return `${builder} ${packages} ${names[image]}`;
  };
  return { args: made, contexts: { assembled }, contentOf, tag: stagesTag };
}

function emptied(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

/** The name of each image's tree in the stage, which is another one where anything of it is: as the build said that made it. */
export function treesOf(log: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...log.matchAll(/^tree of (\S+): (\S+)$/gm)].map(([, image, tree]) => [image!, tree!] as const));
}

/** Of what the stages of packages are made of. */
async function packagesDigest(builder: BuilderName, args: Readonly<Record<string, string>>): Promise<string> {
  const text = readFileSync(dockerfile, 'utf8');
  const patterns = installedFrom.map((path) => (path.endsWith('/') ? `${path}**/*` : path));
  return digestOf([text, ...(await basesOf(builder, text, args)), ...entriesIn(root, patterns)]);
}

/** Of what the stage that assembles copies: all but what is ignored. */
function sourcesDigest(): string {
  const ignored = readFileSync(`${dockerfile}.dockerignore`, 'utf8').split('\n').filter(Boolean);
  return digestOf(entriesIn(root, ['**', '**/.*'], ignored));
}
