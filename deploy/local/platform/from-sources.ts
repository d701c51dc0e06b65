import { join } from 'node:path';
import { imageEnvironment } from '../../docker/image-environment.ts';

/** Node's flags for a process that gets its packages as the build has bundled them. */
export const bundledPackages = ['--import', join(import.meta.dirname, '../packages/use-packages.ts')];

/**
 * What a service from its sources is started with. Young objects have 4 MB instead of 16: 30 MB less for each service, and no more CPU time until it is up. The
 * others have as much as in an image: without a limit V8 lets garbage grow. So have the packages, which expect the image's environment.
 */
export const fromSources = {
  nodeFlags: ['--max-semi-space-size=4', '--max-old-space-size=128', ...bundledPackages],
  env: imageEnvironment,
} as const;
