import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { product } from '../../../services/platform/contracts/services.ts';
import { type BuilderName, idOf } from './builder.ts';
import { basesOf, digestOf, entriesIn } from './content.ts';
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
  /** What an image is made of, as a name that no other content has; undefined where the builder finds that out quickly itself. */
  contentOf(image: string): string | undefined;
  /** The end of tags of images that are of use in these builds only. */
  readonly tag: string;
}

/**
 * Builds the stages of services.Dockerfile that all of its images share, and gives them to those as images: podman and buildah would look at each
 * step of all for every image again, which takes them seconds. Docker does not, and its builders need not see the images of this machine.
 *
 * Those of packages only are not asked for again where nothing has changed that they are made of: to find each step of theirs takes seconds too.
 *
 * Builds at one time may share the builder: each has tags for its own checkout, product, bases and time, so that none is handed another's stages. The tags stay
 * when the images are built: the builder's cache is the untagged layers below them. Removing an image takes those along, and without a tag a prune does.
 */
export async function buildStages({ builder, args, epochSeconds, logFolder }: StagesOptions): Promise<Stages> {
  const digest = digestOf([JSON.stringify([root, product, Object.entries(args).toSorted(), epochSeconds])]).slice(0, 12);
  const stagesTag = `${product}-${digest}`;
  const inputs = packagesDigest(builder, args);
  const made: Record<string, string> = {};
  for (const [argument, target] of Object.entries(stages)) {
    const name = argument.toLowerCase();
    const tag = `localhost/kumiko-base/${name}:${stagesTag}`;
    const build = {
      dockerfile,
      tag,
      target,
      args: { ...args, ...(builder !== 'docker' && made) },
      labels: {},
      epochSeconds,
      context: root,
    };
    const run = () => runBuilder(builder, build, join(logFolder, `${name}.log`));
    const idNow = () => idOf(builder, tag);
    if (builder === 'docker' || target === 'build') await run();
    else await unlessMade({ idNow, inputs: `${builder} ${tag} ${inputs}`, file: join(logFolder, `${name}.json`) }, run);
    made[argument] = tag;
  }
  if (builder === 'docker') return { args: {}, contentOf: () => undefined, tag: stagesTag };
  const assembled = idOf(builder, made['ASSEMBLED']!) ?? '';
  const trees = treesOf(assembled, readFileSync(join(logFolder, 'assembled.log'), 'utf8'), join(logFolder, 'assembled.json'));
  return { args: made, contentOf: (image) => `${builder} ${inputs} ${trees[image] ?? assembled}`, tag: stagesTag };
}

/**
 * The name of each image's tree in the stage that was built, which is another one where anything of it is: as the build says. One that the builder knew says
 * nothing, and is known by its id, or not at all.
 */
export function treesOf(id: string, log: string, file: string): Readonly<Record<string, string>> {
  const said = [...log.matchAll(/^tree of (\S+): (\S+)$/gm)].map(([, image, tree]) => [image!, tree!] as const);
  if (said.length > 0) writeFileSync(file, JSON.stringify({ id, trees: Object.fromEntries(said) }));
  if (!existsSync(file)) return {};
  const known = JSON.parse(readFileSync(file, 'utf8')) as { readonly id: string; readonly trees: Readonly<Record<string, string>> };
  return known.id === id ? known.trees : {};
}

/** Of what the stages of packages are made of. */
function packagesDigest(builder: BuilderName, args: Readonly<Record<string, string>>): string {
  const text = readFileSync(dockerfile, 'utf8');
  const patterns = installedFrom.map((path) => (path.endsWith('/') ? `${path}**/*` : path));
  return digestOf([text, ...basesOf(builder, text, args), ...entriesIn(root, patterns)]);
}
