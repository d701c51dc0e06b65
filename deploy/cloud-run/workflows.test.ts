import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readEnvironment } from '../environments/environment.ts';
import { deliveryVariables } from './delivery-variables.ts';

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly 'working-directory'?: string;
}

interface Job {
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly uses?: string;
  readonly needs?: string | readonly string[];
  readonly steps?: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job & { readonly env?: Readonly<Record<string, string>> }>>;
}

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.github/workflows');
const workflows = readdirSync(folder).map((file): [string, Workflow] => [
  file,
  parse(readFileSync(join(folder, file), 'utf8')) as Workflow,
]);
const released = workflows.find(([file]) => file === 'release.yml')![1];

describe.each(workflows)('%s', (_file, workflow) => {
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps ?? []);

  test('pins every action to a version', () => {
    for (const { uses } of [...jobs, ...steps]) {
      if (uses !== undefined && !uses.startsWith('./')) expect(uses).toMatch(/@(v\d+\.\d+\.\d+|[0-9a-f]{40})$/);
    }
  });

  test('gives an identity only to jobs of an environment, and code of strangers none', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    expect(workflow.on).not.toHaveProperty('pull_request_target');
    for (const job of jobs) {
      const authenticates = job.steps?.some(({ uses }) => uses?.startsWith('google-github-actions/auth@')) ?? false;
      expect(job.permissions?.['id-token'] === 'write').toBe(authenticates);
      if (authenticates) expect(job.environment).toBeDefined();
    }
    // No key that could be lost.
    expect(JSON.stringify(workflow)).not.toMatch(/credentials_json|secrets\./);
  });

  test('runs nothing that is not there', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    const infra = JSON.parse(readFileSync(join(root, 'deploy/infra/package.json'), 'utf8')) as { scripts: Record<string, string> };
    for (const { run, 'working-directory': directory } of steps) {
      for (const [, script] of (run ?? '').matchAll(/npm (?:run (?:-s )?)?(check|test|build|render)\b/g)) {
        expect(directory === 'deploy/infra' ? infra.scripts : scripts).toHaveProperty(script!);
      }
      for (const [path] of (run ?? '').matchAll(/\b(?:deploy|services|gateway)\/[\w./-]+\.\w+/g))
        expect(existsSync(join(root, path)), path).toBe(true);
    }
  });

  test('uses no variable that nothing sets', () => {
    const own = new Set([
      ...steps.flatMap(({ run }) =>
        [...(run ?? '').matchAll(/(?:echo "|for |then |else |^\s*)(\w+)(?==| in )/gm)].map(([, name]) => name!),
      ),
    ]);
    for (const name of Object.keys({ ...workflow.env, ...Object.assign({}, ...jobs.map(({ env }) => env)) })) own.add(name);
    for (const [, name] of deliveryVariables(readEnvironment('production')).matchAll(/^(\w+)=/gm)) own.add(name!);
    for (const name of ['GITHUB_ENV', 'GITHUB_STEP_SUMMARY']) own.add(name);
    const used = steps.flatMap(({ run }) => [...(run ?? '').matchAll(/\$\{?([A-Za-z_]\w*)/g)].map(([, name]) => name!));
    expect(used.filter((name) => !own.has(name) && name !== 'name')).toEqual([]);
  });
});

test('a release checks first, and goes step by step from no traffic to all of it', () => {
  expect(released.jobs['release']?.needs).toBe('check');
  expect(released.jobs['check']?.uses).toBe('./.github/workflows/check.yml');
  const order = released.jobs['release']?.steps?.map(({ name }) => name).filter((name) => name !== undefined);
  expect(order).toEqual([
    'Read the environment',
    'Remember what serves',
    'Render the candidates',
    'Build the images',
    'Push the images',
    'Migrate the schema',
    'Deploy without traffic',
    'Smoke test by tag',
    'Shift traffic',
    'Roll back',
    'Say what serves',
  ]);
});

test("a pull request's own code never has the identity of releases", () => {
  const preview = workflows.find(([file]) => file === 'preview.yml')![1];
  for (const { environment, steps = [] } of Object.values(preview.jobs)) {
    const account = steps.find(({ uses }) => uses?.startsWith('google-github-actions/auth@'))?.with?.['service_account'];
    expect([environment, account]).toEqual(['preview', expect.stringContaining('env.PREVIEW_ACCOUNT')]);
  }
});
