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

test('where tokens may ask for revisions, gateways and those who call services ask the control plane, which is deployed beside them', () => {
  const url = 'https://control-plane-210987654321.asia-northeast1.run.app';
  expect(previews.get('bootstrap/edge.yaml')).toContain(`sni: ${new URL(url).host}`);
  const variableOf = (workload: string, name: string) => {
    const manifest = parse(previews.get(`cloud-run/${workload}.yaml`)!) as run_v1.Schema$Service;
    return manifest.spec?.template?.spec?.containers?.[0]?.env?.find((one) => one.name === name)?.value;
  };
  expect(variableOf('job', 'CONTROL_PLANE_URL')).toBe(url);
  expect(variableOf('control-plane', 'RUN_LOCATIONS')).toBe('projects/kumiko-staging-example/locations/asia-northeast1');
  expect(production.has('cloud-run/control-plane.yaml')).toBe(false);
  expect(production.get('bootstrap/edge.yaml')).not.toContain('control-plane');
});
