import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { lockBuild } from '../../../services/platform/tools/build-if-changed.ts';
import { render } from '../../cloud-run/render.ts';
import { imageRepository } from '../../environments/addresses.ts';
import type { Environment } from '../../environments/environment.ts';
import { assembleGateway } from '../assemble-gateway.ts';
import { images } from '../images.ts';
import { inTurn } from '../in-turn.ts';
import { buildGateway } from './build-gateway.ts';
import { buildService } from './build-service.ts';
import { buildStages, type Stages, type StagesOptions } from './build-stages.ts';
import type { ImageBuild } from './builder.ts';

const root = join(import.meta.dirname, '../../..');
const dockerfile = (name: string) => join(import.meta.dirname, '..', `${name}.Dockerfile`);

/** What images are built of and for. */
interface ImagesOptions extends StagesOptions {
  readonly environment: Environment;
  readonly imageTag: string;
  /** The commit, as labels name it. */
  readonly revision: string;
  /** The time of the commit. */
  readonly created: Date;
}

/** The name of an image, as manifests have it. */
export function imageName(image: string, { environment, imageTag }: Pick<ImagesOptions, 'environment' | 'imageTag'>): string {
  return `${imageRepository(environment)}/${image}:${imageTag}`;
}

/**
 * Builds every image, as many at a time as there are CPUs: the gateways', which needs nothing of the others, while services are assembled, and those of services when
 * what they share is there. Calls back with each that is built.
 *
 * @throws {ImagesError} where one cannot be built; the others are finished first.
 */
export async function buildImages(options: ImagesOptions, built: (image: string, seconds: number) => void): Promise<void> {
  mkdirSync(options.logFolder, { recursive: true });
  // Trees and logs are one folder's, whatever the images are for.
  const release = await lockBuild(join(options.logFolder, 'images.lock'), 'images');
  const scratch = mkdtempSync(join(tmpdir(), 'kumiko-gateway-image-'));
  try {
    const { promise: assembling, resolve: begin } = Promise.withResolvers<void>();
    const stages = buildStages({ ...options, args: without('ENVOY_IMAGE', options.args) }, begin);
    // Whoever waits for them is told of their failure; until somebody does, the process would end with it.
    stages.finally(begin).catch(() => {});
    await inTurn(['gateway', ...images.filter((image) => image !== 'gateway')], async (image) => {
      // What is rendered for the gateways would keep this process from starting the builder.
      const shared = image === 'gateway' ? await assembling : await stages;
      const startedAt = performance.now();
      const { builder, logFolder } = options;
      if (shared === undefined) await buildGateway(builder, gatewayBuild(options, scratch), logFolder);
      else await buildService(builder, image, serviceBuild(image, options, shared), shared, logFolder);
      built(image, (performance.now() - startedAt) / 1_000);
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    release();
  }
}

function serviceBuild(image: string, options: ImagesOptions, stages: Stages): ImageBuild {
  const args = { ...without('ENVOY_IMAGE', options.args), ...stages.args, SERVICE: image };
  return { ...buildOf(image, options), dockerfile: dockerfile('services'), args, contexts: stages.contexts, context: root };
}

/** Its tree is made here, in `scratch`, with the bootstraps of the environment. */
function gatewayBuild(options: ImagesOptions, scratch: string): ImageBuild {
  const { environment, imageTag } = options;
  const [bootstraps, tree] = [join(scratch, 'bootstraps'), join(scratch, 'tree')];
  mkdirSync(bootstraps);
  for (const [name, content] of render({ environment, imageTag, target: 'cloud-run' })) {
    if (dirname(name) === 'bootstrap') writeFileSync(join(bootstraps, basename(name)), content);
  }
  assembleGateway(bootstraps, tree);
  const args = Object.fromEntries(Object.entries(options.args).filter(([name]) => name === 'ENVOY_IMAGE'));
  return { ...buildOf('gateway', options), dockerfile: dockerfile('gateway'), args, context: tree };
}

function buildOf(image: string, options: ImagesOptions): Omit<ImageBuild, 'dockerfile' | 'args' | 'context'> {
  const { environment, revision, created, epochSeconds } = options;
  return {
    tag: imageName(image, options),
    // https://specs.opencontainers.org/image-spec/annotations/, from what changes least: each is a step, and what follows another one is made again.
    labels: {
      'org.opencontainers.image.title': image,
      'org.opencontainers.image.source': `https://github.com/${environment.github.repository}`,
      'org.opencontainers.image.created': created.toISOString(),
      'org.opencontainers.image.revision': revision,
    },
    epochSeconds,
  };
}

/** A builder warns of arguments that a Dockerfile does not have. */
function without(name: string, args: ImagesOptions['args']): ImagesOptions['args'] {
  return Object.fromEntries(Object.entries(args).filter(([argument]) => argument !== name));
}
