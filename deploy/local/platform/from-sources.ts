import { join } from 'node:path';
import { imageEnvironment } from '../../docker/image-environment.ts';

/** Node's flags for a process that gets its packages as the build has bundled them. */
export const bundledPackages = ['--import', join(import.meta.dirname, '../packages/use-packages.ts')];

/**
 * Node's flags for a service from sources. Young objects have 4 MB instead of 16: 30 MB less for each service, and no more CPU time until it is up. The others have as
 * much as in an image: without a limit V8 lets garbage grow.
 */
export const memoryFlags = ['--max-semi-space-size=4', '--max-old-space-size=128'];

/** What a service from this folder's sources is started with. Its packages are as in an image, and expect that environment. */
export const fromSources = { nodeFlags: [...memoryFlags, ...bundledPackages], env: imageEnvironment } as const;
