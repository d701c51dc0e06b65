import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readEnvironment } from '../environments/environment.ts';
import { openRead } from '../environments/open-read.ts';
import { type RenderedFiles, render, renderedFile } from './render.ts';

/** Where the golden files lie. */
export const goldenFolder = join(import.meta.dirname, 'golden');

/** What the golden files must hold: the sample environment, for both targets, and one revision that has no traffic yet. */
export function goldenFiles(): RenderedFiles {
  const environment = readEnvironment('production');
  const imageTag = 'main';
  const { service } = openRead();
  const candidate = render({
    environment,
    target: 'cloud-run',
    imageTag: '1a2b3c4',
    revision: { suffix: 'r1a2b3c4', tag: 'candidate' },
    current: new Map([
      [
        service,
        [
          { revisionName: `${service}-r0`, percent: 100 },
          { revisionName: `${service}-rpr7`, tag: 'pr-7' },
        ],
      ],
    ]),
  });
  return new Map([
    // Bootstraps have golden files of their own, beside what makes them; the grants follow every migration.
    ...[...render({ environment, target: 'cloud-run', imageTag })].filter(([name]) => !/^(bootstrap|spanner)\//.test(name)),
    ...render({ environment, target: 'knative', imageTag }),
    [`candidate/${service}.yaml`, renderedFile(candidate, `cloud-run/${service}.yaml`)],
  ]);
}

/** Writes the golden files and removes those that nothing renders any more. */
export function writeGoldenFiles(): void {
  // What cannot be rendered leaves them as they are.
  const files = goldenFiles();
  rmSync(goldenFolder, { recursive: true, force: true });
  for (const [name, content] of files) {
    const file = join(goldenFolder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
