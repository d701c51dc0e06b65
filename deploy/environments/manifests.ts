import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chassisShape } from '../../services/platform/chassis/process/config.ts';
import type { Manifest } from '../../services/platform/chassis/process/manifest.ts';
import { servicesFolder } from '../../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';

const manifests = new Map(
  await Promise.all(
    serviceNames.map(async (name): Promise<[string, Manifest]> => {
      const file = join(servicesFolder, name, 'manifest.ts');
      const { manifest } = (await import(pathToFileURL(file).href)) as { manifest?: Manifest };
      if (manifest === undefined) throw new Error(`services/${name}/manifest.ts exports no "manifest"`);
      const reserved = Object.keys(manifest.variables).find((variable) => variable in chassisShape || /^(PORT|K_\w+)$/.test(variable));
      if (reserved !== undefined) throw new Error(`services/${name}/manifest.ts: ${reserved} is the platform's own variable`);
      return [name, manifest];
    }),
  ),
);

/** What a service says of itself. @throws {TypeError} where there is no such service. */
export function manifestOf(service: string): Manifest {
  const manifest = manifests.get(service);
  if (manifest === undefined) throw new TypeError(`there is no service "${service}": there are ${serviceNames.join(', ')}`);
  return manifest;
}

/** The services that sign partners' tokens. */
export const partnerTokenSigners: readonly string[] = serviceNames.filter((name) => manifestOf(name).partnerTokens !== undefined);
if (partnerTokenSigners.length > 1) throw new Error(`one service issues partners' tokens, not ${partnerTokenSigners.join(' and ')}`);
