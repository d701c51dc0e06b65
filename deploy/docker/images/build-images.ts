import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { product } from '../../../services/platform/contracts/services.ts';
import { render } from '../../cloud-run/render.ts';
import { imageRepository } from '../../environments/addresses.ts';
import type { Environment } from '../../environments/environment.ts';
import { images } from '../images.ts';
import { inTurn } from '../in-turn.ts';
import type { BuilderName, ImageBuild } from './builder.ts';
import { runBuilder } from './run-builder.ts';

const root = join(import.meta.dirname, '../../..');
const dockerfile = (name: string) => join(import.meta.dirname, '..', `${name}.Dockerfile`);

/** What images are built of and for. */
interface ImagesOptions {
  readonly environment: Environment;
  readonly imageTag: string;
  readonly builder: BuilderName;
  /** Arguments of the Dockerfiles: base images. */
  readonly args: Readonly<Record<string, string>>;
  /** The commit, as labels name it. */
  readonly revision: string;
  /** The time of the commit. */
  readonly created: Date;
  /** The time of everything in them. */
  readonly epochSeconds: number;
  readonly logFolder: string;
}

/** The name of an image, as manifests have it. */
export function imageName(image: string, { environment, imageTag }: Pick<ImagesOptions, 'environment' | 'imageTag'>): string {
  return `${imageRepository(environment)}/${image}:${imageTag}`;
}

/**
 * Builds every image, as many at a time as there are CPUs: those of the services when what they share is there. Calls back with each that is built.
 *
 * @throws {ImagesError} where one cannot be built; the others are finished first.
 */
export async function buildImages(options: ImagesOptions, built: (image: string, seconds: number) => void): Promise<void> {
  const bootstraps = mkdtempSync(join(tmpdir(), 'kumiko-bootstraps-'));
  try {
    const { environment, imageTag } = options;
    for (const [name, content] of render({ environment, imageTag, target: 'cloud-run' })) {
      if (dirname(name) === 'bootstrap') writeFileSync(join(bootstraps, basename(name)), content);
    }
    const stages = await buildStages(options);
    await inTurn(images, async (image) => {
      const startedAt = performance.now();
      const build = image === 'gateway' ? gatewayBuild(options, bootstraps) : serviceBuild(image, options, stages);
      await runBuilder(options.builder, build, join(options.logFolder, `${image}.log`));
      built(image, (performance.now() - startedAt) / 1_000);
    });
  } finally {
    rmSync(bootstraps, { recursive: true, force: true });
  }
}

/**
 * Builds the stages of services.Dockerfile that all of its images share. Returns the arguments that name them as images: podman and buildah would look at each
 * step of both for every image again, which takes them seconds. Docker does not, and its builders need not see the images of this machine.
 *
 * Builds at one time may share the builder: each has tags for its own checkout, product, bases and time, so that none is handed another's stages. The tags stay
 * when the images are built: the builder's cache is the untagged layers below them. Removing an image takes those along, and without a tag a prune does.
 */
async function buildStages(options: ImagesOptions): Promise<Record<string, string>> {
  const bases = without('ENVOY_IMAGE', options.args);
  const inputs = JSON.stringify([root, product, Object.entries(bases).toSorted(), options.epochSeconds]);
  const digest = createHash('sha256').update(inputs).digest('hex').slice(0, 12);
  const common = { dockerfile: dockerfile('services'), labels: {}, epochSeconds: options.epochSeconds, context: root };
  const made: Record<string, string> = {};
  for (const [argument, target] of [
    ['ASSEMBLED', 'build'],
    ['SHARED', 'runtime'],
  ] as const) {
    const tag = `localhost/kumiko-base/${argument.toLowerCase()}:${product}-${digest}`;
    const args = { ...bases, ...(options.builder !== 'docker' && made) };
    await runBuilder(options.builder, { ...common, tag, target, args }, join(options.logFolder, `${argument.toLowerCase()}.log`));
    made[argument] = tag;
  }
  return options.builder === 'docker' ? {} : made;
}

function serviceBuild(image: string, options: ImagesOptions, stages: Readonly<Record<string, string>>): ImageBuild {
  const args = { ...without('ENVOY_IMAGE', options.args), ...stages, SERVICE: image };
  return { ...buildOf(image, options), dockerfile: dockerfile('services'), args };
}

function gatewayBuild(options: ImagesOptions, bootstraps: string): ImageBuild {
  const args = without('RUNTIME_IMAGE', options.args);
  return { ...buildOf('gateway', options), dockerfile: dockerfile('gateway'), args, contexts: { bootstraps } };
}

function buildOf(image: string, options: ImagesOptions): Omit<ImageBuild, 'dockerfile' | 'args'> {
  const { environment, revision, created, epochSeconds } = options;
  return {
    tag: imageName(image, options),
    // https://specs.opencontainers.org/image-spec/annotations/
    labels: {
      'org.opencontainers.image.title': image,
      'org.opencontainers.image.revision': revision,
      'org.opencontainers.image.source': `https://github.com/${environment.github.repository}`,
      'org.opencontainers.image.created': created.toISOString(),
    },
    epochSeconds,
    context: root,
  };
}

/** A builder warns of arguments that a Dockerfile does not have. */
function without(name: string, args: ImagesOptions['args']): ImagesOptions['args'] {
  return Object.fromEntries(Object.entries(args).filter(([argument]) => argument !== name));
}
