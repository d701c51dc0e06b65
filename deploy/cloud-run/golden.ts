import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readEnvironment } from '../environments/environment.ts';
import { type RenderedFiles, render } from './render.ts';

/** Where the golden files lie. */
export const goldenFolder = join(import.meta.dirname, 'golden');

/** What the golden files must hold: the sample environment, for both targets, and one revision that has no traffic yet. */
export function goldenFiles(): RenderedFiles {
  const environment = readEnvironment('production');
  const imageTag = 'main';
  const candidate = render({
    environment,
    target: 'cloud-run',
    imageTag: '1a2b3c4',
    revision: { suffix: 'r1a2b3c4', tag: 'candidate' },
    current: new Map([
      [
        'customer',
        [
          { revisionName: 'customer-r0', percent: 100 },
          { revisionName: 'customer-rpr7', tag: 'pr-7' },
        ],
      ],
    ]),
  });
  const preview = render({
    environment: readEnvironment('staging'),
    target: 'cloud-run',
    imageTag: 'pr-7',
    revision: { suffix: 'rpr7', tag: 'pr-7' },
    current: new Map([['partner', [{ revisionName: 'partner-rpr5', tag: 'pr-5' }]]]),
  });
  return new Map([
    ...render({ environment, target: 'cloud-run', imageTag }),
    ...render({ environment, target: 'knative', imageTag }),
    ['preview/bootstrap/edge.yaml', preview.get('bootstrap/edge.yaml')!],
    ['candidate/customer.yaml', candidate.get('cloud-run/customer.yaml')!],
  ]);
}

/** Writes the golden files and removes those that nothing renders any more. */
export function writeGoldenFiles(): void {
  rmSync(goldenFolder, { recursive: true, force: true });
  for (const [name, content] of goldenFiles()) {
    const file = join(goldenFolder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
