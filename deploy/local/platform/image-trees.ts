import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { productFolder } from '../../../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { assembleService } from '../../docker/assemble-service.ts';
import { imageEnvironment, nodeFlags } from '../../docker/image-process.ts';
import { startScratchCloud } from '../../docker/scratch-cloud.ts';
import type { NodeProgram } from './child.ts';

/** How a service is started from what its image holds. */
export type ImageProgram = Pick<NodeProgram, 'program' | 'nodeFlags' | 'env'>;

const root = join(import.meta.dirname, '../../..');
/** Removed by `npm ci`. A tree is never changed once it is there: processes of other platforms may run from it. */
const folder = join(root, 'node_modules/.cache/kumiko-images');

/**
 * What the images of all services hold, assembled where code has changed: a bundle, and what V8 has made of it. A service from its sources takes three times as
 * long to come up.
 */
export async function imagePrograms(): Promise<Readonly<Record<string, ImageProgram>>> {
  const stamp = fingerprint();
  const treeOf = (service: string) => join(folder, `${service}-${stamp}`);
  const missing = serviceNames.filter((service) => !existsSync(treeOf(service)));
  if (missing.length > 0) {
    process.stderr.write(`assembling ${missing.join(', ')} as in their images\n`);
    const cloud = await startScratchCloud();
    try {
      for (const service of missing) {
        const unfinished = `${treeOf(service)}.${process.pid}`;
        mkdirSync(unfinished, { recursive: true });
        await assembleService(service, unfinished, cloud);
        // Another process may have been as fast.
        if (existsSync(treeOf(service))) rmSync(unfinished, { recursive: true });
        else renameSync(unfinished, treeOf(service));
      }
    } finally {
      await cloud.close();
    }
  }
  return Object.fromEntries(
    serviceNames.map((service) => [service, { program: join(treeOf(service), 'app/main.js'), nodeFlags, env: imageEnvironment }]),
  );
}

/** Of everything that a tree is made of, and of the Node that its code cache is for. */
function fingerprint(): string {
  const files = [
    ...globSync(join(productFolder, 'services/**/*.{ts,sql,binpb,json}')),
    ...globSync(join(root, '{services/platform,deploy/docker}/**/*.{ts,cjs,sql,binpb,json,js}')),
    join(root, 'package-lock.json'),
  ].filter((file) => !/node_modules|\.test\.ts$/.test(file));
  const hash = createHash('sha256').update(process.version);
  for (const file of [...new Set(files)].toSorted()) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}
