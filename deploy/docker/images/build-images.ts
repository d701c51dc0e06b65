import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { render } from '../../cloud-run/render.ts';
import { imageRepository } from '../../environments/addresses.ts';
import type { Environment } from '../../environments/environment.ts';
import { images } from '../images.ts';
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
  /** The time of everything in them. */
  readonly epochSeconds: number;
  readonly logFolder: string;
}

/** The name of an image, as manifests have it. */
export function imageName(image: string, { environment, imageTag }: Pick<ImagesOptions, 'environment' | 'imageTag'>): string {
  return `${imageRepository(environment)}/${image}:${imageTag}`;
}

/**
 * Builds every image: first what those of the services share, then as many at a time as there are CPUs. Calls back with each that is there.
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
    const shared = { ...buildOf('shared', options, bootstraps), dockerfile: dockerfile('services'), target: 'runtime', labels: {} };
    await runBuilder(options.builder, { ...shared, tag: 'localhost/kumiko-base/shared' }, join(options.logFolder, 'shared.log'));
    await inTurn(images, async (image) => {
      const startedAt = performance.now();
      await runBuilder(options.builder, buildOf(image, options, bootstraps), join(options.logFolder, `${image}.log`));
      built(image, (performance.now() - startedAt) / 1_000);
    });
  } finally {
    rmSync(bootstraps, { recursive: true, force: true });
  }
}

function buildOf(image: string, options: ImagesOptions, bootstraps: string): ImageBuild {
  const { environment, revision, epochSeconds, args } = options;
  const isGateway = image === 'gateway';
  return {
    dockerfile: dockerfile(isGateway ? 'gateway' : 'services'),
    tag: imageName(image, options),
    args: isGateway ? without('RUNTIME_IMAGE', args) : { ...without('ENVOY_IMAGE', args), SERVICE: image },
    // https://specs.opencontainers.org/image-spec/annotations/
    labels: {
      'org.opencontainers.image.title': image,
      'org.opencontainers.image.revision': revision,
      'org.opencontainers.image.source': `https://github.com/${environment.github.repository}`,
      'org.opencontainers.image.created': new Date(epochSeconds * 1_000).toISOString(),
    },
    ...(isGateway && { contexts: { bootstraps } }),
    epochSeconds,
    context: root,
  };
}

/** A builder warns of arguments that a Dockerfile does not have. */
function without(name: string, args: ImagesOptions['args']): ImagesOptions['args'] {
  return Object.fromEntries(Object.entries(args).filter(([argument]) => argument !== name));
}

async function inTurn<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const next = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: availableParallelism() }, next));
  const failed = ended.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
