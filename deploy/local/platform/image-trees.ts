import { join } from 'node:path';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { assembleEach } from '../../docker/assemble-all.ts';
import { imageEnvironment, nodeFlags } from '../../docker/image-process.ts';
import type { NodeProgram } from './child.ts';

/** How a service is started from what its image holds. */
type ImageProgram = Pick<NodeProgram, 'program' | 'nodeFlags' | 'env'>;

/**
 * What the images of all services hold, assembled where code has changed: a bundle, and what V8 has made of it. A service from its sources takes three times as
 * long to come up.
 */
export async function imagePrograms(): Promise<Readonly<Record<string, ImageProgram>>> {
  const programs: Record<string, ImageProgram> = {};
  await assembleEach(serviceNames, (service, tree) => {
    programs[service] = { program: join(tree, 'app/main.js'), nodeFlags, env: imageEnvironment };
  });
  return programs;
}
