import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { billOfMaterials } from '../bill-of-materials.ts';
import { bundleService } from '../bundle-service.ts';
import { buildArguments } from '../images/builder.ts';
import { builtImage, missingImages } from './built-images.ts';
import { podman } from './podman.ts';

const skipped = missingImages();
const [service] = serviceNames as [string];

const inspect = (what: string, image: string) => podman('image', 'inspect', '--format', what, image).stdout;
const layersOf = (image: string) => inspect('{{json .RootFS.Layers}}', image);

/** Builds an image of a folder with a Dockerfile, with nothing that was built before, and the time of the image that is there. */
function build(context: string, tag: string): void {
  const epochSeconds = Date.parse(inspect('{{index .Config.Labels "org.opencontainers.image.created"}}', builtImage(service))) / 1_000;
  const { code, stderr } = podman(
    ...buildArguments('podman', { dockerfile: join(context, 'Dockerfile'), tag, args: {}, labels: {}, epochSeconds, context }),
    '--no-cache',
  );
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}

test.skipIf(skipped !== undefined)(
  `a service that is bundled again is the same layer as in its image${skipped === undefined ? '' : ` (${skipped})`}`,
  { timeout: 60_000 },
  async () => {
    const context = mkdtempSync(join(tmpdir(), 'kumiko-again-'));
    const tag = `localhost/kumiko-again:${process.pid}`;
    try {
      const folder = join(context, 'bundle/app');
      mkdirSync(folder, { recursive: true });
      const sources = await bundleService(service, folder);
      writeFileSync(join(folder, 'sbom.cdx.json'), await billOfMaterials(service, sources));
      // The last line but one of services.Dockerfile that copies, on nothing: a layer does not know what is below it.
      const copies = readFileSync(join(import.meta.dirname, '../services.Dockerfile'), 'utf8').match(/^COPY .*\/bundle\/ \/$/gm);
      expect(copies).toHaveLength(1);
      writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY bundle/ /\n');
      build(context, tag);
      const [again] = JSON.parse(layersOf(tag)) as string[];
      expect((JSON.parse(layersOf(builtImage(service))) as string[]).at(-2)).toBe(again);
    } finally {
      podman('image', 'rm', '--force', tag);
      rmSync(context, { recursive: true, force: true });
    }
  },
);
