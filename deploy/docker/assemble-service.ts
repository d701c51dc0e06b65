import { join } from 'node:path';
import { bundleService } from './bundle-service.ts';
import type { ScratchCloud } from './scratch-cloud.ts';
import type { Rewrite } from './shrink/rewrites.ts';
import { warmUp } from './shrink/warm-up.ts';

/** Makes the file tree of a service's image, `app/` with the bundle and its code cache. Returns the sources that are in it. */
export async function assembleService(service: string, tree: string, cloud: ScratchCloud, without?: Rewrite): Promise<readonly string[]> {
  const sources = await bundleService(service, join(tree, 'app'), without);
  await warmUp(service, tree, cloud);
  return sources;
}
