import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'kumiko-render-'));
afterAll(() => rmSync(folder, { recursive: true }));

const list = join(folder, 'services.json');
writeFileSync(list, '[]');

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('renders into the folder, and removes what an earlier run left there', () => {
  const out = join(folder, 'out');
  expect(run('--env', 'production', '--out', out).status).toBe(0);
  writeFileSync(join(out, 'cloud-run/retired.yaml'), '');
  expect(run('--env', 'production', '--out', out).stdout.trim().split('\n')).toHaveLength(11);
  expect(existsSync(join(out, 'cloud-run/retired.yaml'))).toBe(false);
  expect(existsSync(join(out, 'cloud-run/edge-gateway.yaml'))).toBe(true);
});

test.each([
  [['--env', 'prodction'], 1, 'there is no environment "prodction" in deploy/environments; an example: production, staging'],
  [[], 2, '--env is missing'],
  [['--env', 'production', '--target', 'lambda'], 2, '--target lambda: expected cloud-run or knative'],
  [['--env', 'production', '--tag', 'pr-1'], 2, '--revision is missing: --revision and --tag need each other and --current'],
  [['--env', 'production', '--revision', 'r1', '--tag', 'pr-1', '--current', list], 1, '--tag pr-1: pull requests get no revisions'],
  [['--env', 'production', '--revision', 'R1', '--tag', 'pr-1', '--current', '/dev/null'], 2, '--revision R1: expected up to 30 of a-z'],
])('%j ends with code %i and says why', (args, code, message) => {
  const { status, stderr } = run(...args);
  expect(stderr).toContain(message);
  expect(stderr).not.toContain('    at ');
  expect(status).toBe(code);
});
