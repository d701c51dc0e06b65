import { join } from 'node:path';
import { genFolder } from '../../../services/platform/contracts/product-folder.ts';

/**
 * Where `npm run build` puts the packages that the platform's processes import: bundled, and without what services need seldom or never. As they are installed
 * they are over a thousand files that each process would find, read and evaluate at each start. Images have them bundled too.
 */
export const packagesFolder = join(genFolder, 'packages');

/** The file that stands for what is imported by `specifier`, such as `@google-cloud/spanner`. */
export function bundleOf(specifier: string): string {
  return join(packagesFolder, `${entryOf(specifier)}.js`);
}

/** The name of that file, without its ending. */
export function entryOf(specifier: string): string {
  return specifier.replaceAll('/', '+');
}
