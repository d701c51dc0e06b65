import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { controlPlane } from '../../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { lockBuild } from '../../../services/platform/tools/build-if-changed.ts';
import { assembleEach } from '../../docker/assemble-all.ts';
import { imageEnvironment, nodeFlags } from '../../docker/image-environment.ts';
import type { NodeProgram } from './child.ts';

const caches = join(import.meta.dirname, '../../../node_modules/.cache');

/** How a service, or the control plane, is started from what its image holds. */
type ImageProgram = Pick<NodeProgram, 'program' | 'nodeFlags' | 'env'>;

/**
 * What the images of all services and of the control plane hold, assembled where code has changed: a bundle, and what V8 has made of a service's. A service from its
 * sources takes three times as long to come up, the control plane twice. Where two processes ask for them at once, one assembles and the other finds them done.
 */
export async function imagePrograms(): Promise<Readonly<Record<string, ImageProgram>>> {
  const programs: Record<string, ImageProgram> = {};
  mkdirSync(caches, { recursive: true });
  const release = await lockBuild(join(caches, 'kumiko-images.lock'), 'what images hold');
  try {
    await assembleEach([...serviceNames, controlPlane], (image, tree) => {
      programs[image] = { program: join(tree, 'app/main.js'), nodeFlags, env: imageEnvironment };
    });
  } finally {
    release();
  }
  return programs;
}
