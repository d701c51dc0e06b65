import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { podman } from '../containers/podman.ts';
import { buildArguments } from '../images/builder.ts';
import { layerTimeSeconds } from '../images/layer-time.ts';
import { builtImage, missingImages } from './built-images.ts';

const skipped = missingImages();
const [service] = serviceNames as [string];

const layersOf = (image: string) => JSON.parse(podman('image', 'inspect', '--format', '{{json .RootFS.Layers}}', image).stdout) as string[];

/** Bundles the service as the image's build does, in a process of its own: the test's sees other names in CommonJS modules that it imports. */
function bundle(folder: string): void {
  const script = `
    const [bundling, billing, service, folder] = process.argv.slice(-4);
    const [{ bundleService }, { billOfMaterials }] = [await import(bundling), await import(billing)];
    const sources = await bundleService(service, folder);
    process.getBuiltinModule('node:fs').writeFileSync(folder + '/sbom.cdx.json', await billOfMaterials(service, sources));`;
  const modules = ['bundle-service', 'bill-of-materials'].map((name) => join(import.meta.dirname, `../${name}.ts`));
  execFileSync(process.execPath, ['--input-type=module', '--eval', script, '--', ...modules, service, folder], { stdio: 'inherit' });
}

/** Builds an image of a folder with a Dockerfile, with nothing that was built before. */
function build(context: string, tag: string): void {
  const { code, stderr } = podman(
    ...buildArguments('podman', {
      dockerfile: join(context, 'Dockerfile'),
      tag,
      args: {},
      labels: {},
      epochSeconds: layerTimeSeconds(),
      context,
    }),
    '--no-cache',
  );
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}

test.skipIf(skipped !== undefined)(
  `a service that is bundled again is the same layer as in its image${skipped === undefined ? '' : ` (${skipped})`}`,
  () => {
    const context = mkdtempSync(join(tmpdir(), 'kumiko-again-'));
    const tag = `localhost/kumiko-again:${process.pid}`;
    try {
      const folder = join(context, 'bundle/app');
      mkdirSync(folder, { recursive: true });
      bundle(folder);
      // The last line but one of services.Dockerfile that copies, on nothing: a layer does not know what is below it.
      const copies = readFileSync(join(import.meta.dirname, '../services.Dockerfile'), 'utf8').match(/^COPY .*\/bundle\/ \/$/gm);
      expect(copies).toHaveLength(1);
      writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY bundle/ /\n');
      build(context, tag);
      const [again] = layersOf(tag);
      // What V8 made of it lies above.
      expect(layersOf(builtImage(service)).at(-2)).toBe(again);
    } finally {
      podman('image', 'rm', '--force', tag);
      rmSync(context, { recursive: true, force: true });
    }
  },
);
