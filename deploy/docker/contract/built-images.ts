import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { run_v1 } from '@googleapis/run';
import { parse } from 'yaml';
import { render } from '../../cloud-run/render.ts';
import { readEnvironment } from '../../environments/environment.ts';
import { type Limits, podman, whyNoContainers } from '../containers/podman.ts';
import { imageName } from '../images/build-images.ts';
import { images } from '../images.ts';

/** Whether containers have to be run: CI builds the images before its tests. */
const required = process.env['KUMIKO_REQUIRE_CONTAINERS'] !== undefined;

const environment = readEnvironment('production');
const imageTag = 'main';
const manifests = render({ environment, imageTag, target: 'cloud-run' });

/** The name of an image as `npm run images` builds it. */
export const builtImage = (image: string, tag = imageTag) => imageName(image, { environment, imageTag: tag });

/** Why images are not run here, as a reason to skip; undefined where they are, or have to be. */
export function missingImages(): string | undefined {
  const why = whyNoContainers() ?? whyNotBuilt();
  if (why === undefined) return undefined;
  if (required) throw new Error(`KUMIKO_REQUIRE_CONTAINERS is set, and ${why}`);
  return `skipped: ${why}`;
}

function whyNotBuilt(): string | undefined {
  const head = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: join(import.meta.dirname, '../../..'), encoding: 'utf8' }).trim();
  for (const image of images) {
    const label = '{{index .Config.Labels "org.opencontainers.image.revision"}}';
    const { code, stdout } = podman('image', 'inspect', '--format', label, builtImage(image));
    if (code !== 0) return `the image of ${image} is not built: npm run images -- --builder podman`;
    if (!stdout.startsWith(head)) return `the image of ${image} is of another commit: npm run images -- --builder podman`;
  }
  return undefined;
}

/** What the rendered manifest says of a workload's own container. */
interface ContainerManifest {
  readonly limits: Limits;
  /** Values; of a secret, its name stands there. */
  readonly env: Readonly<Record<string, string>>;
  /** How many requests one instance is given at a time. */
  readonly concurrency: number;
  readonly startupProbe: run_v1.Schema$Probe;
  readonly livenessProbe: run_v1.Schema$Probe;
}

/** Reads it from the manifest of the sample environment. */
export function containerManifest(workload: string): ContainerManifest {
  const service = parse(manifests.get(`cloud-run/${workload}.yaml`)!) as run_v1.Schema$Service;
  const { containers, containerConcurrency } = service.spec!.template!.spec!;
  const { resources, env, startupProbe, livenessProbe } = containers![0]!;
  const { memory, cpu } = resources!.limits!;
  return {
    limits: { memory: memory!, cpu: cpu! },
    env: Object.fromEntries(env!.map(({ name, value, valueFrom }) => [name!, value ?? valueFrom!.secretKeyRef!.name!])),
    concurrency: containerConcurrency!,
    startupProbe: startupProbe!,
    livenessProbe: livenessProbe!,
  };
}
