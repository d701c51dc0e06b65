import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { listTriggers } from '../../services/platform/contracts/triggers.ts';
import { readEnvironment } from '../environments/environment.ts';
import { operatorCommands } from '../ops/operator-commands.ts';
import { render } from './render.ts';
import { secretsOf } from './service-environment.ts';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/guides/operations.md'), 'utf8');
const environment = readEnvironment('production');

test('every file that docs/guides/operations.md names is there', () => {
  const named = [...text.matchAll(/\b(?:deploy|proto|docs|\.github)\/[\w./-]*\w/g)].map(([path]) => path);
  // What the newcomer makes.
  const missing = named.filter((path) => path !== 'deploy/environments/mine.yaml' && !existsSync(join(root, path)));
  expect(named.length).toBeGreaterThan(10);
  expect(missing).toEqual([]);
});

test('every npm script that it names is there', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  for (const [, script] of text.matchAll(/npm run (?:-s )?([\w:]+)/g)) expect(scripts).toHaveProperty(script!);
});

test("operators' commands are there, and it says of each what for", () => {
  const named = new Set([...text.matchAll(/\bops ([a-z]+(?:-[a-z]+)+)/g)].map(([, name]) => name));
  expect([...named].toSorted()).toEqual(operatorCommands().map(({ name }) => name));
});

test('what it says is rendered is what is rendered', () => {
  const files = [...render({ environment, target: 'cloud-run', imageTag: 'main' }).keys()];
  const table = text.split('| file in')[1]!.split('\n\n')[0]!;
  const named = [...table.matchAll(/`([\w*-]+\/?[\w*-]*\.(?:yaml|sql|env))`/g)].map(([, name]) => name!);
  const matches = (name: string, file: string) =>
    name.endsWith('*.yaml') ? file.startsWith(name.slice(0, -'*.yaml'.length)) : file === name;
  expect(files.filter((file) => !named.some((name) => matches(name, file)))).toEqual([]);
  expect(named.filter((name) => !files.some((file) => matches(name, file)))).toEqual([]);
});

test('it has every secret filled in', () => {
  const filled = [...text.matchAll(/gcloud secrets versions add ([\w-]+)/g)].map(([, name]) => name!);
  const secrets = serviceNames.flatMap((name) => secretsOf(name, environment));
  expect([...new Set(filled)].toSorted()).toEqual(secrets.toSorted());
});

test('it says of every scheduled job what its failure means', () => {
  const section = text.split('### A scheduled job fails')[1]?.split('\n#')[0];
  for (const trigger of listTriggers()) if (trigger.kind === 'schedule') expect(section).toContain(`\`${trigger.resourceId}\`: `);
});
