import type { run_v1 } from '@googleapis/run';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { validateBootstrap } from '../../gateway/bootstrap/validation/validate-bootstrap.ts';
import { readEnvironment } from '../environments/environment.ts';
import { type RenderOptions, render } from './render.ts';

const common: Pick<RenderOptions, 'target' | 'imageTag'> = { target: 'cloud-run', imageTag: 'main' };
const production = render({ ...common, environment: readEnvironment('production') });
const previews = render({
  ...common,
  environment: readEnvironment('staging'),
  revision: { suffix: 'rpr7', tag: 'pr-7' },
  current: new Map([
    [
      'partner',
      [
        { revisionName: 'partner-rpr5', tag: 'pr-5' },
        { revisionName: 'partner-r1', percent: 100, tag: 'candidate' },
      ],
    ],
  ]),
});

describe.each([
  ['production', production],
  ['staging with previews', previews],
])('%s', (_name, files) => {
  test.each(['edge', 'jobs'])("the bootstrap of %s is valid by Envoy's API", (role) => {
    expect(validateBootstrap(files.get(`bootstrap/${role}.yaml`)!, { files: 'unchecked' })).toEqual([]);
  });
});

test('gateways and the job service know the revisions of pull requests, by their tags, and no others', () => {
  const hosts = [...previews.get('bootstrap/edge.yaml')!.matchAll(/sni: (\S+)---(\S+?)-\d/g)].map(
    ([, tag, service]) => `${service} ${tag}`,
  );
  expect([...new Set(hosts)].filter((host) => host.startsWith('partner')).toSorted()).toEqual(['partner pr-5', 'partner pr-7']);
  const manifest = parse(previews.get('cloud-run/job.yaml')!) as run_v1.Schema$Service;
  const variable = manifest.spec?.template?.spec?.containers?.[0]?.env?.find(({ name }) => name === 'PREVIEWS');
  expect(JSON.parse(variable?.value ?? '')).toContainEqual({
    service: 'partner',
    tag: 'pr-5',
    url: 'https://pr-5---partner-210987654321.asia-northeast1.run.app',
  });
  expect(production.get('bootstrap/edge.yaml')).not.toContain('---');
});
