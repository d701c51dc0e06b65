/**
 * Loaded before a process's own code (`node --import`): where code of the platform or of its product imports a package, it gets the bundle of it that the build
 * has made. That code need not know of it. Whoever else imports packages, such as a preview's code of another folder, gets what is installed there.
 */
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { productFolder } from '../../../services/platform/contracts/product-folder.ts';
import { bundleOf } from './packages-folder.ts';

const folders = [join(import.meta.dirname, '../../..'), productFolder].map((folder) => `${pathToFileURL(folder).href}/`);
const isOwn = (url: string) => folders.some((folder) => url.startsWith(folder)) && !url.includes('/node_modules/');

registerHooks({
  resolve(specifier, context, next) {
    if (!/^[@a-z]/.test(specifier) || specifier.startsWith('node:') || context.parentURL === undefined || !isOwn(context.parentURL)) {
      return next(specifier, context);
    }
    const file = bundleOf(specifier);
    return existsSync(file) ? { url: pathToFileURL(file).href, format: 'commonjs', shortCircuit: true } : next(specifier, context);
  },
});
