import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { billOfMaterials } from './bill-of-materials.ts';
import { bundleService } from './bundle-service.ts';
import type { ScratchCloud } from './scratch-cloud.ts';
import type { Rewrite } from './shrink/rewrites.ts';
import { warmUp } from './shrink/warm-up.ts';

/** Makes the file tree of a service's image, `app/` with the bundle, its bill of materials and its code cache. Returns the sources that are in it. */
export async function assembleService(
  service: string,
  tree: string,
  cloud: ScratchCloud | Promise<ScratchCloud>,
  without?: Rewrite,
): Promise<readonly string[]> {
  const bundled = bundleService(service, join(tree, 'app'), without);
  const [sources, bill] = await Promise.all([bundled, billOfMaterials(service, bundled)]);
  writeFileSync(join(tree, 'app/sbom.cdx.json'), bill);
  await warmUp(service, tree, await cloud);
  return sources;
}
