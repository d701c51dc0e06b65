import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Endpoints } from '../deploy/local/platform/endpoints.ts';
import { CommandPlatform } from './command-platform.ts';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const scripts = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts;
const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));

describe('the README', () => {
  it('names only scripts that exist', () => {
    const named = [...readme.matchAll(/npm (?:run (?:-s )?([a-z:-]+)|(start|test))\b/g)].map(([, run, short]) => run ?? short ?? '');
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('has the two commands that CI runs', () => {
    expect(commands[0]).toBe('npm ci && npm start');
    expect(commands[1]).toBe('npm ci && npm test');
    const ci = readFileSync(join(root, '.ci/run'), 'utf8');
    expect(ci).toMatch(/^npm ci$/m);
    expect(ci).toMatch(/^npm test\b/m);
    expect(ci).toMatch(/^npm run test:wholes\b/m);
    expect(ci).toMatch(/^npm run demo$/m);
  });

  it('names files and folders that exist', async () => {
    const { existsSync } = await import('node:fs');
    const named = [...readme.matchAll(/`((?:proto|services|gateway|wasm-filters|deploy|tests|bench|docs)\/[\w/.-]*)`/g)].map(
      ([, path = '']) => path,
    );
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('what the README says to try', () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-'));
  let platform: CommandPlatform;
  let endpoints: Endpoints;

  beforeAll(async () => {
    platform = new CommandPlatform(stateDir);
    endpoints = await platform.ready();
  });

  afterAll(async () => {
    platform.signal('SIGTERM');
    await platform.exit();
    rmSync(stateDir, { recursive: true, force: true });
  });

  const tried = commands.filter((command) => !command.startsWith('npm ci'));

  it.each(tried)('%s', { timeout: 240_000 }, async (command) => {
    // The test's platform has its own ports and state; everything else is run as it stands.
    const here = command
      .replaceAll('127.0.0.1:7400', new URL(endpoints.edge).host)
      .replaceAll('127.0.0.1:7401', new URL(endpoints.jobs).host)
      .replaceAll('npm run -s token --', `npm run -s token -- --state-dir ${stateDir}`)
      .replace(/^npm run demo$/, `npm run demo -- --state-dir ${stateDir}`)
      .replace(/^curl -s/, 'curl -s --fail-with-body');
    const { stdout } = await promisify(execFile)('bash', ['-c', `set -e; ${here}`], { cwd: root, env: process.env });
    expect(stdout.trim()).not.toBe('');
  });
});
