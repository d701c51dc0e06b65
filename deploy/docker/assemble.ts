/** `npm run assemble -- IMAGE|--all --out DIR [--bootstraps DIR]`: makes the file tree of an image, as the Dockerfiles do and as tests start it. */
import { existsSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { controlPlane } from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';
import { assembleAll } from './assemble-all.ts';
import { assembleControlPlane } from './assemble-control-plane.ts';
import { assembleGateway, BootstrapError } from './assemble-gateway.ts';
import { assembleService } from './assemble-service.ts';
import { images } from './images.ts';
import { startScratchCloud } from './scratch-cloud.ts';

const usage = `usage:
  assemble ${[...serviceNames, controlPlane].join('|')} --out DIR
  assemble --all --out DIR                       each of them, as the layers of services.Dockerfile
  assemble gateway --out DIR --bootstraps DIR    DIR has edge.yaml and jobs.yaml, as npm run render writes them`;

await runCommand({ usage, isMistake: (error) => error instanceof BootstrapError }, assemble);

async function assemble(): Promise<void> {
  const options = { out: { type: 'string' }, bootstraps: { type: 'string' }, all: { type: 'boolean', default: false } } as const;
  const { positionals, values } = parseArgs({ options, allowPositionals: true });
  const [image] = positionals;
  const { out, bootstraps, all } = values;
  if (all ? positionals.length > 0 : positionals.length !== 1) throw new UsageError(`name one image, or --all: ${images.join(', ')}`);
  if (out === undefined) throw new UsageError('--out is missing: the folder to fill');
  if (existsSync(out) && readdirSync(out).length > 0) throw new UsageError(`--out ${out} is not empty`);
  if (all) {
    await assembleAll(out);
    return;
  }
  if (image === 'gateway') {
    if (bootstraps === undefined) throw new UsageError('--bootstraps is missing: the folder of the rendered edge.yaml and jobs.yaml');
    assembleGateway(bootstraps, out);
    return;
  }
  if (image === controlPlane) {
    await assembleControlPlane(out);
    return;
  }
  if (image === undefined || !serviceNames.includes(image)) throw new UsageError(`"${image}" is no image: there are ${images.join(', ')}`);
  const cloud = await startScratchCloud();
  try {
    await assembleService(image, out, cloud);
  } finally {
    await cloud.close();
  }
}
