import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { parseEnvironment, readEnvironment } from '../environments/environment.ts';
import { goldenFiles, goldenFolder } from './golden.ts';

const files = goldenFiles();
const stale = 'deploy/cloud-run/golden is out of date: run "npm run golden"';

test('there is a golden file for each rendered one, and no orphan', () => {
  const found = globSync('**/*', { cwd: goldenFolder }).filter((name) => statSync(join(goldenFolder, name)).isFile());
  expect(found.sort(), stale).toEqual([...files.keys()].sort());
});

test.each([...files])('%s is what is rendered', (name, content) => {
  const file = join(goldenFolder, name);
  expect(existsSync(file) && readFileSync(file, 'utf8') === content, stale).toBe(true);
});

test.each([...files].filter(([name]) => name.endsWith('.yaml')))('%s is one document of YAML without anchors', (_name, content) => {
  expect(parseAllDocuments(content)).toHaveLength(1);
  expect(content).not.toMatch(/[:-] [&*]\w/);
});

test('the stack configuration carries the whole environment', () => {
  const { config } = parse(files.get('infra/Pulumi.yaml')!) as { config: Record<string, unknown> };
  expect(parseEnvironment(config['kumiko-infra:environment'], 'the stack configuration')).toEqual(readEnvironment('production'));
});

test('on Knative the services are reached from within the cluster only, and carry nothing of Cloud Run', () => {
  const knative = [...files].filter(([name]) => name.startsWith('knative/'));
  expect(knative.map(([name]) => name)).toEqual(serviceNames.map((name) => `knative/${name}.yaml`));
  for (const [, content] of knative) {
    expect(content).toContain('networking.knative.dev/visibility: cluster-local');
    expect(content).not.toContain('run.googleapis.com');
    expect(content).not.toContain('.run.app');
  }
});
