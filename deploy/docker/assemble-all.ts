import { cpSync, mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { controlPlane } from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { assembleControlPlane } from './assemble-control-plane.ts';
import { assembleService } from './assemble-service.ts';
import { type ScratchCloud, startScratchCloud } from './scratch-cloud.ts';
import { cachedTree, removeOldTrees } from './tree-cache.ts';

/** The trees of an image that services.Dockerfile copies one after the other, each a layer: what is V8's is for one version of Node, all else is not. */
export const layers = ['bundle', 'code-cache'] as const;

/**
 * Assembles images where their code has changed, as many at a time as there are CPUs, and hands on each tree. They share one scratch cloud, which is started
 * where a service needs it.
 */
export async function assembleEach(images: readonly string[], done: (image: string, tree: string) => void): Promise<void> {
  let cloud: Promise<ScratchCloud> | undefined;
  const assemble = async (image: string, tree: string): Promise<readonly string[]> => {
    process.stderr.write(`assembling ${image}\n`);
    if (image === controlPlane) return assembleControlPlane(tree);
    cloud ??= startScratchCloud();
    return assembleService(image, tree, cloud);
  };
  const waiting = [...images];
  const next = async (): Promise<void> => {
    for (let image = waiting.shift(); image !== undefined; image = waiting.shift()) {
      const name = image;
      done(name, await cachedTree(name, (tree) => assemble(name, tree)));
    }
  };
  try {
    await Promise.all(Array.from({ length: availableParallelism() }, next));
    removeOldTrees();
  } finally {
    await (await cloud)?.close();
  }
}

/** Assembles every image of services.Dockerfile: `out/IMAGE/bundle` and `out/IMAGE/code-cache`, which is empty where an image has none. */
export async function assembleAll(out: string): Promise<void> {
  await assembleEach([...serviceNames, controlPlane], (image, tree) => {
    const [bundle, codeCache] = layers.map((layer) => join(out, image, layer)) as [string, string];
    const cached = join(tree, 'app/code-cache');
    mkdirSync(join(codeCache, 'app'), { recursive: true });
    cpSync(tree, bundle, { recursive: true, filter: (source) => source !== cached });
    if (image !== controlPlane) cpSync(cached, join(codeCache, 'app/code-cache'), { recursive: true });
  });
}
