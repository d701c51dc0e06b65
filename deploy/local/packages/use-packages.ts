/**
 * Loaded before a process's own code (`node --import`): where code of the platform or of its product imports a package, it gets the bundle of it that the build
 * has made. That code need not know of it. What has been built meanwhile is for processes that start later.
 */
import { readdirSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { productFolder } from '../../../services/platform/contracts/product-folder.ts';
import { currentBundles, entryOf } from './packages-folder.ts';

const own = [join(import.meta.dirname, '../../..'), productFolder].map((folder) => `${pathToFileURL(folder).href}/`);
const isOwn = (url: string) => own.some((folder) => url.startsWith(folder)) && !url.includes('/node_modules/');
const bundles = currentBundles();
const files = new Set(bundles === undefined ? [] : readdirSync(bundles));

registerHooks({
  resolve(specifier, context, next) {
    const file = `${entryOf(specifier)}.js`;
    if (bundles === undefined || context.parentURL === undefined || !files.has(file) || !isOwn(context.parentURL))
      return next(specifier, context);
    return { url: pathToFileURL(join(bundles, file)).href, format: 'commonjs', shortCircuit: true };
  },
});
