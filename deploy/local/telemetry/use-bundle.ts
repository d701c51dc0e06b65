/**
 * Loaded before a service's own code (`node --import`): where the chassis of this folder's code imports one of OpenTelemetry's packages, it gets the file that
 * they are all in. Product code need not know of it. Whoever else imports them, such as a preview's code of another folder, gets what is installed there.
 */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundledPackages, bundleFile } from './bundled-packages.ts';

const importer = `${pathToFileURL(join(import.meta.dirname, '../../../services/platform/chassis/telemetry')).href}/`;
const bundle = { url: pathToFileURL(bundleFile).href, format: 'commonjs', shortCircuit: true } as const;
const packages: ReadonlySet<string> = new Set(bundledPackages);

const hooks = registerHooks({
  resolve: (specifier, context, next) =>
    packages.has(specifier) && context.parentURL?.startsWith(importer) ? bundle : next(specifier, context),
});

/**
 * Called by the file when it is run: by then whoever imports it has found it. While there is a hook Node takes a longer way to every module, and a service loads
 * hundreds after this one.
 */
export function bundleIsFound(): void {
  hooks.deregister();
}
