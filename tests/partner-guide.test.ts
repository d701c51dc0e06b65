import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { callJson } from '../deploy/local/demo/http-json.ts';
import { devToken } from '../deploy/local/platform/dev-token.ts';
import { operatorEmail } from '../deploy/local/platform/place.ts';
import { missingClients } from './clients/built-clients.ts';
import { followDay } from './partner-day.ts';
import { usePlatform } from './test-platform.ts';

// The commands of docs/guides/partners.md as they stand there, but for where this test's platform is and where the partner's folder may be.

const stage = usePlatform();
const root = join(import.meta.dirname, '..');
const guide = readFileSync(join(root, 'docs/guides/partners.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'kumiko-partner-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The commands of one section, a script for each block. */
function scriptsOf(section: string): string[] {
  const text = guide.split(/^## /m).find((part) => part.startsWith(section)) ?? '';
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(
    ([, block = '']) =>
      `set -eo pipefail\n${block
        .replaceAll('127.0.0.1:7400', new URL(stage.platform.endpoints.edge).host)
        .replaceAll('npm run -s token --', `npm run -s token -- --state-dir ${stage.stateDir}`)
        .replaceAll(/(npm run -s ops -- .*)$/gm, `$1 --state-dir ${stage.stateDir}`)
        .replaceAll('buyers.ts', `buyers.ts ${stage.stateDir}`)
        .replaceAll('curl -s', 'curl -s --fail-with-body')
        .replaceAll('/tmp/tanaka', folder)}`,
  );
}

/** Installs packages from npm's registry and Python's. */
const missing = missingClients()?.replace('skipped: they are', 'skipped: the clients of others are');

test.skipIf(missing)(
  `a partner begins with what the guide says${missing === undefined ? '' : ` (${missing})`}`,
  { timeout: 240_000 },
  async () => {
    const [key = '', typescript = '', python = '', buyers = ''] = scriptsOf('Begin');
    await promisify(execFile)('bash', ['-c', key], { cwd: root });
    for (const day of [typescript, python]) {
      const output = await followDay(stage.platform.endpoints, 'bash', ['-c', day], root, async () => {
        await promisify(execFile)('bash', ['-c', buyers], { cwd: root });
      });
      expect(output.match(/^shipped +orders\/\S+ to Kyoto$/gm)).toHaveLength(2);
    }
  },
);

test('an operator looks after partners with what the guide says', async () => {
  const [commands = ''] = scriptsOf('Operators');
  const { stdout } = await promisify(execFile)('bash', ['-c', commands], { cwd: root });
  expect(stdout).toContain('"algorithm":"EdDSA"');
  const { endpoints } = stage.platform;
  const bearer = await devToken(endpoints, 'operator', operatorEmail);
  const partner = await callJson('GET', `${endpoints.edge}/v1/operator/partners/suzuki`, { bearer });
  expect(partner).toMatchObject({ displayName: 'Suzuki Blades', state: 'STATE_ACTIVE' });
});
