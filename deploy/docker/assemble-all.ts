import { cpSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { controlPlane } from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { inTurn } from './in-turn.ts';
import type { ScratchCloud } from './scratch-cloud.ts';
import { cachedTree, removeOldTrees } from './tree-cache.ts';

/** The trees of an image that services.Dockerfile copies one after the other, each a layer: what is V8's is for one version of Node, all else is not. */
export const layers = ['bundle', 'code-cache'] as const;

/**
 * Assembles images where their code has changed, as many at a time as there are CPUs, and hands on each tree. They share one scratch cloud, which is started
 * where a service needs it.
 *
 * @throws what one failed with, once the others are finished.
 */
export async function assembleEach(images: readonly string[], done: (image: string, tree: string) => void): Promise<void> {
  let cloud: Promise<ScratchCloud> | undefined;
  const assemble = async (image: string, tree: string): Promise<readonly string[]> => {
    process.stderr.write(`assembling ${image}\n`);
    // Loaded only when there is something to assemble: whoever starts a platform from what images hold comes by here.
    if (image === controlPlane) return (await import('./assemble-control-plane.ts')).assembleControlPlane(tree);
    if (cloud === undefined) {
      cloud = import('./scratch-cloud.ts').then(({ startScratchCloud }) => startScratchCloud());
      // It is awaited when a bundle is there: until then nobody would have taken its failure, and the process would end at once.
      cloud.catch(() => {});
    }
    return (await import('./assemble-service.ts')).assembleService(image, tree, cloud);
  };
  try {
    await inTurn(images, async (image) => done(image, await cachedTree(image, (tree) => assemble(image, tree))));
    removeOldTrees();
  } finally {
    // Where it did not start, there is nothing to close, and the image that waited for it has failed with the reason.
    const started = await cloud?.catch(() => undefined);
    await started?.close();
  }
}

/**
 * Assembles every image of services.Dockerfile: `out/IMAGE/bundle` and `out/IMAGE/code-cache`, which is empty where an image has none. Says the name of each tree,
 * by which images/ knows whether it has an image of it.
 */
export async function assembleAll(out: string): Promise<void> {
  await assembleEach([...serviceNames, controlPlane], (image, tree) => {
    const [bundle, codeCache] = layers.map((layer) => join(out, image, layer)) as [string, string];
    const cached = join(tree, 'app/code-cache');
    mkdirSync(join(codeCache, 'app'), { recursive: true });
    cpSync(tree, bundle, { recursive: true, filter: (source) => source !== cached });
    process.stdout.write(`tree of ${image}: ${basename(tree)}\n`);
    if (image !== controlPlane) cpSync(cached, join(codeCache, 'app/code-cache'), { recursive: true });
  });
}
