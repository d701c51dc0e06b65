/** `npm run images`: builds the images of an environment with what builds images here. */
import { execFileSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../../services/platform/tools/command-line.ts';
import { EnvironmentError, readEnvironment } from '../../environments/environment.ts';
import { makeBases } from '../debian-base/make-bases.ts';
import { buildImages, imageName } from './build-images.ts';
import { type BuilderName, builderNames, findBuilder } from './builder.ts';
import { ImagesError } from './images-error.ts';
import { layerTimeSeconds } from './layer-time.ts';
import { removeLeftBehind } from './left-behind.ts';

const root = join(import.meta.dirname, '../../..');
const usage = `usage:
  npm run images [-- --env NAME] [--tag TAG] [--builder ${builderNames.join('|')}] [--build-arg NAME=VALUE …] [--debian-base]
      builds the image of each service, of the control plane and of the gateways, with the bootstraps of
      deploy/environments/NAME.yaml ("production"). TAG is "main". The builder is the first that works here.
      --build-arg names base images: BUILD_IMAGE, RUNTIME_IMAGE, ENVOY_IMAGE
      --debian-base makes them, where none can be pulled (needs debootstrap, and to be root)
  SOURCE_DATE_EPOCH is the time of everything in the images, in seconds; 1970 where it is not set, so that layers stay the same`;

await runCommand({ usage, isMistake: (error) => error instanceof EnvironmentError || error instanceof ImagesError }, main);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      env: { type: 'string', default: 'production' },
      tag: { type: 'string', default: 'main' },
      builder: { type: 'string' },
      'build-arg': { type: 'string', multiple: true, default: [] },
      'debian-base': { type: 'boolean', default: false },
    },
  });
  if (!/^\w[\w.-]{0,127}$/.test(values.tag))
    throw new UsageError(`--tag ${values.tag}: expected letters, digits, "_", "." and "-", such as "1a2b3c4"`);
  const given = Object.fromEntries(values['build-arg'].map(argument));
  const environment = readEnvironment(values.env);
  const builder = await findBuilder(asked(values.builder));
  const logFolder = join(root, '.kumiko/images');
  removeLeftBehind(builder, logFolder);
  const common = {
    environment,
    imageTag: values.tag,
    builder,
    revision: revision(),
    created: created(),
    epochSeconds: layerTimeSeconds(),
    logFolder,
  };
  const startedAt = performance.now();
  const args = { ...(values['debian-base'] && (await makeBases(common))), ...given };
  await buildImages({ ...common, args }, (image, seconds) => {
    process.stdout.write(`${imageName(image, common)}  ${seconds.toFixed(0)} s\n`);
  });
  const took = ((performance.now() - startedAt) / 1_000).toFixed(0);
  process.stderr.write(`built with ${builder} in ${took} s; what it said is in ${relative('.', logFolder)}\n`);
}

function argument(text: string): [string, string] {
  const [, name, value] = /^(BUILD_IMAGE|RUNTIME_IMAGE|ENVOY_IMAGE)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(
      `--build-arg ${text}: expected BUILD_IMAGE, RUNTIME_IMAGE or ENVOY_IMAGE, such as "RUNTIME_IMAGE=HOST/IMAGE@sha256:…"`,
    );
  return [name, value];
}

function asked(name: string | undefined): BuilderName | undefined {
  const known = builderNames.find((builder) => builder === name);
  if (name !== undefined && known === undefined) throw new UsageError(`--builder ${name}: expected ${builderNames.join(', ')}`);
  return known;
}

/** The commit; "-dirty" where files differ from it. */
function revision(): string {
  const changed = git('status', '--porcelain') !== '';
  return `${git('rev-parse', 'HEAD')}${changed ? '-dirty' : ''}`;
}

/** The commit's time. */
function created(): Date {
  return new Date(Number(git('log', '-1', '--format=%ct')) * 1_000);
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}
