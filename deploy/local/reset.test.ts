import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetState } from './platform/forget-state.ts';
import { lockState } from './platform/state-lock.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-'));
  writeFileSync(join(stateDir, 'secrets.json'), '{}');
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const reset = () => spawnSync(process.execPath, [join(import.meta.dirname, 'reset.ts'), '--state-dir', stateDir], { encoding: 'utf8' });

test('forgets the state that nobody works on', () => {
  expect(reset()).toMatchObject({ status: 0, stdout: 'the local state is empty\n' });
  expect(existsSync(stateDir)).toBe(false);
});

test('leaves the state of a platform that is about to start', () => {
  const release = lockState(stateDir)!;
  expect(reset()).toMatchObject({ status: 1, stderr: 'a platform is about to start or to end: wait for it\n' });
  expect(existsSync(join(stateDir, 'secrets.json'))).toBe(true);
  release();
});

test('while a platform forgets its state, no other one can have it', async () => {
  const release = lockState(stateDir)!;
  await forgetState(stateDir);
  expect(existsSync(join(stateDir, 'secrets.json'))).toBe(false);
  expect(lockState(stateDir)).toBeUndefined();
  release();
  lockState(stateDir)!();
});
