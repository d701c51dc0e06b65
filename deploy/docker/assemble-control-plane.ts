import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ofPackages } from '../../gateway/bootstrap/validation/envoy-protos.ts';
import { controlPlane } from '../../services/platform/contracts/identities.ts';
import { billOfMaterials } from './bill-of-materials.ts';
import { bundleProgram, copyContracts } from './bundle-service.ts';

const program = join(import.meta.dirname, '../../gateway/control-plane/main.ts');

/** Makes the file tree of the control plane's image: `app/` with the bundle, its bill of materials, our contracts and Envoy's protos, which it reads. Returns the sources that are in it. */
export async function assembleControlPlane(tree: string): Promise<readonly string[]> {
  const folder = join(tree, 'app');
  const bundled = bundleProgram(program, folder);
  const [sources, bill] = await Promise.all([bundled, billOfMaterials(controlPlane, bundled)]);
  writeFileSync(join(folder, 'sbom.cdx.json'), bill);
  copyContracts(folder);
  const [api, wellKnown] = ofPackages();
  cpSync(api, join(folder, 'envoy-protos'), { recursive: true });
  const descriptor = 'google/protobuf/descriptor.proto';
  cpSync(join(wellKnown, descriptor), join(folder, 'envoy-protos/well-known', descriptor));
  return sources;
}
