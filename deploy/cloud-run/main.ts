/** Renders a deployment: `npm run render -- --env production`. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand, UsageError } from '../../services/platform/tools/command-line.ts';
import { EnvironmentError, readEnvironment } from '../environments/environment.ts';
import { writeGoldenFiles } from './golden.ts';
import { RefusedError, render } from './render.ts';
import { parseCurrentTraffic } from './traffic.ts';

const usage = `usage:
  npm run render -- --env NAME [--out DIR] [--target cloud-run|knative] [--image-tag TAG]
      renders deploy/environments/NAME.yaml; DIR is .kumiko/render/NAME, TAG is "main"
  npm run render -- --env NAME --revision SUFFIX --tag TAG --current FILE …
      revisions without traffic, reached by its tag ("candidate", "pr-123"); FILE is an array of what
      "gcloud run services describe --format json" prints. With --current alone, tags stay
  npm run render -- --golden
      writes deploy/cloud-run/golden anew`;

await runCommand({ usage, isMistake: (error) => error instanceof EnvironmentError || error instanceof RefusedError }, main);

function main(): void {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      env: text,
      out: text,
      target: { ...text, default: 'cloud-run' },
      'image-tag': { ...text, default: 'main' },
      revision: text,
      tag: text,
      current: text,
      golden: { type: 'boolean' },
    },
  });
  if (values.golden === true) {
    writeGoldenFiles();
    return;
  }
  if (values.env === undefined) throw new UsageError('--env is missing: the name of a file in deploy/environments, such as "production"');
  const { target, current } = values;
  if (target !== 'cloud-run' && target !== 'knative') throw new UsageError(`--target ${target}: expected cloud-run or knative`);
  const files = render({
    environment: readEnvironment(values.env),
    target,
    imageTag: values['image-tag'],
    revision: revisionOf(values),
    current: current === undefined ? undefined : parseCurrentTraffic(readFileSync(current, 'utf8')),
  });
  const out = values.out ?? join('.kumiko/render', values.env);
  for (const folder of new Set([...files.keys()].map((name) => dirname(name)))) rmSync(join(out, folder), { recursive: true, force: true });
  for (const [name, content] of files) {
    const file = join(out, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    process.stdout.write(`${relative('.', file)}\n`);
  }
}

/** The revision that is asked for. @throws {UsageError} for half of one. */
function revisionOf({ revision, tag, current }: Readonly<Partial<Record<'revision' | 'tag' | 'current', string>>>) {
  if (revision === undefined && tag === undefined) return undefined;
  const asked = { suffix: needed('revision', revision), tag: needed('tag', tag) };
  needed('current', current);
  for (const [name, value] of Object.entries({ revision: asked.suffix, tag: asked.tag })) {
    if (!/^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/.test(value))
      throw new UsageError(`--${name} ${value}: expected up to 30 of a-z, 0-9 and "-", such as "r1a2b3c4"`);
  }
  return asked;
}

function needed(name: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${name} is missing: --revision and --tag need each other and --current`);
  return value;
}
