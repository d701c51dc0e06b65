import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { podman, removeOrphans, removeWithParent } from '../deploy/docker/containers/podman.ts';
import { builtImage, containerManifest, missingImages } from '../deploy/docker/contract/built-images.ts';
import { ImageContainer } from '../deploy/docker/contract/image-container.ts';
import { images } from '../deploy/docker/images.ts';
import { healthCheck } from '../deploy/docker/running-server.ts';
import { startScratchCloud } from '../deploy/docker/scratch-cloud.ts';
import { warmUpCalls } from '../deploy/docker/shrink/warm-up.ts';
import { servicesFolder } from '../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../services/platform/contracts/services.ts';
import { freePort } from '../services/platform/tools/free-port.ts';
import { machine, median } from './load/compare.ts';

export const question =
  'How large is each image over its base, as it is pulled (target: customer at most 90 MB), how long does a container take from its start to its first answers (900 ms), and npm run images after a changed line (20 s), and which layers are others then?';

const rounds = 5;

const root = join(import.meta.dirname, '..');

/** Sizes are of what is built; the time is of one more build, for which a line of a service is changed and put back. */
export async function run(report: (line: string) => void): Promise<void> {
  report(machine());
  const missing = missingImages();
  if (missing !== undefined) {
    report(missing);
    return;
  }
  const layout = mkdtempSync(join(tmpdir(), 'kumiko-image-sizes-'));
  try {
    for (const image of images) report(`${image}: ${(bytesOverBase(image, layout) / 1e6).toFixed(1)} MB over its base, compressed`);
  } finally {
    rmSync(layout, { recursive: true, force: true });
  }
  await reportStarts(report);
  report(`npm run images after a changed line: ${changedLineSeconds().toFixed(0)} s (target 20)`);
  for (const image of images) {
    const [before, after] = [builtImage(image), builtImage(image, 'bench')].map(layersOf);
    report(`${image}: ${after!.filter((layer) => !before!.includes(layer)).length} of ${after!.length} layers are others after it`);
  }
}

/** From podman's start to the answers of a service whose image is there; of that, podman and runc alone take about 0.3 s. */
async function reportStarts(report: (line: string) => void): Promise<void> {
  removeOrphans();
  removeWithParent();
  const cloud = await startScratchCloud();
  try {
    for (const service of serviceNames) {
      const starts: { readonly health: number; readonly first: number }[] = [];
      for (let round = 0; round < rounds; round++) {
        const { limits, env } = containerManifest(service);
        const container = new ImageContainer({
          image: builtImage(service),
          limits,
          env: { ...env, ...cloud.environmentOf(service) },
          port: await freePort(),
        });
        await container.call(healthCheck);
        const health = performance.now() - container.startedAt;
        for (const call of warmUpCalls(service)) await container.call(call);
        starts.push({ health, first: performance.now() - container.startedAt });
        await container.stop();
      }
      const medianOf = (moment: 'health' | 'first') => median(starts.map((start) => start[moment])).toFixed(0);
      report(
        `${service} as a container, from run: health after ${medianOf('health')} ms, first answers after ${medianOf('first')} ms (target 900)`,
      );
    }
  } finally {
    await cloud.close();
  }
}

/** Of the layers that the base image does not have, as an OCI layout stores them. */
function bytesOverBase(image: string, layout: string): number {
  execFileSync('podman', ['push', '--quiet', builtImage(image), `oci:${layout}:${image}`]);
  const read = <T>(digest: string) => JSON.parse(readFileSync(join(layout, 'blobs', digest.replace(':', '/')), 'utf8')) as T;
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations: Record<string, string> }[];
  };
  const { digest } = index.manifests.find(({ annotations }) => annotations['org.opencontainers.image.ref.name'] === image)!;
  const { layers } = read<{ layers: { size: number }[] }>(digest);
  const base = `localhost/kumiko-base/${image === 'gateway' ? 'envoy' : 'runtime'}:bookworm`;
  const inBase = Number(podman('image', 'inspect', '--format', '{{len .RootFS.Layers}}', base).stdout);
  return layers.slice(inBase).reduce((sum, { size }) => sum + size, 0);
}

/** The digests of an image's layers. */
function layersOf(image: string): string[] {
  return JSON.parse(podman('image', 'inspect', '--format', '{{json .RootFS.Layers}}', image).stdout) as string[];
}

function changedLineSeconds(): number {
  const file = join(servicesFolder, serviceNames[0]!, 'service.ts');
  const before = readFileSync(file);
  try {
    // The bundler must not take it for a line that does nothing.
    appendFileSync(file, '\nprocess.pid;\n');
    const startedAt = performance.now();
    const { status, stderr } = spawnSync('npm', ['run', '-s', 'images', '--', '--builder', 'podman', '--debian-base', '--tag', 'bench'], {
      cwd: root,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return (performance.now() - startedAt) / 1_000;
  } finally {
    writeFileSync(file, before);
  }
}
