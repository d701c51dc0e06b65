import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { controlPlane } from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { assembleControlPlane } from './assemble-control-plane.ts';
import { assembleService } from './assemble-service.ts';
import { startScratchCloud } from './scratch-cloud.ts';

/** The trees of an image that services.Dockerfile copies one after the other, each a layer: what V8 made of the code is of this run, all else of the sources. */
export const layers = ['bundle', 'code-cache'] as const;

/**
 * Assembles every image of services.Dockerfile against one scratch cloud, as many at a time as there are CPUs: `out/IMAGE/bundle` and `out/IMAGE/code-cache`,
 * an empty folder where an image has none.
 */
export async function assembleAll(out: string): Promise<void> {
  const cloud = await startScratchCloud();
  try {
    const waiting = [
      ...serviceNames.map((name) => async () => split(out, name, (tree) => assembleService(name, tree, cloud))),
      async () => split(out, controlPlane, assembleControlPlane),
    ];
    const next = async (): Promise<void> => {
      for (let assemble = waiting.shift(); assemble !== undefined; assemble = waiting.shift()) await assemble();
    };
    await Promise.all(Array.from({ length: availableParallelism() }, next));
  } finally {
    await cloud.close();
  }
}

async function split(out: string, image: string, assemble: (tree: string) => Promise<unknown>): Promise<void> {
  const [bundle, codeCache] = layers.map((layer) => join(out, image, layer)) as [string, string];
  await assemble(bundle);
  mkdirSync(join(codeCache, 'app'), { recursive: true });
  const made = join(bundle, 'app/code-cache');
  if (existsSync(made)) renameSync(made, join(codeCache, 'app/code-cache'));
}
