import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { layers } from '../assemble-all.ts';
import { podman } from '../containers/podman.ts';
import { buildArguments } from '../images/builder.ts';
import { layerTimeSeconds } from '../images/layer-time.ts';
import { builtImage, missingImages } from './built-images.ts';

const skipped = missingImages();
const [service] = serviceNames as [string];

const layersOf = (image: string) => JSON.parse(podman('image', 'inspect', '--format', '{{json .RootFS.Layers}}', image).stdout) as string[];

/** Assembles the service as the image's build does, in a process of its own: the test's sees other names in CommonJS modules that it imports. */
function assemble(tree: string): void {
  const program = join(import.meta.dirname, '../assemble.ts');
  execFileSync(process.execPath, [program, service, '--out', tree], { stdio: 'inherit' });
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
  `a service that is assembled again is the same layers as in its image${skipped === undefined ? '' : ` (${skipped})`}`,
  () => {
    const context = mkdtempSync(join(tmpdir(), 'kumiko-again-'));
    const tag = `localhost/kumiko-again:${process.pid}`;
    try {
      const [bundle, codeCache] = layers.map((layer) => join(context, layer)) as [string, string];
      assemble(bundle);
      mkdirSync(join(codeCache, 'app'), { recursive: true });
      renameSync(join(bundle, 'app/code-cache'), join(codeCache, 'app/code-cache'));
      // The last lines of services.Dockerfile, on nothing: a layer does not know what is below it.
      const copies = readFileSync(join(import.meta.dirname, '../services.Dockerfile'), 'utf8').match(/^COPY --from=assembled .*$/gm);
      expect(copies).toEqual(layers.map((layer) => `COPY --from=assembled /trees/\${SERVICE}/${layer}/ /`));
      writeFileSync(join(context, 'Dockerfile'), ['FROM scratch', ...layers.map((layer) => `COPY ${layer}/ /`), ''].join('\n'));
      build(context, tag);
      expect(layersOf(builtImage(service)).slice(-layers.length)).toEqual(layersOf(tag));
    } finally {
      podman('image', 'rm', '--force', tag);
      rmSync(context, { recursive: true, force: true });
    }
  },
);
