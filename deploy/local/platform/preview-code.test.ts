import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serviceNames } from '../../../services/platform/contracts/services.ts';
import { takeCode } from './preview-code.ts';

const root = join(import.meta.dirname, '../../..');
const contracts = 'services/platform/contracts/gen';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'kumiko-code-'));
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** A commit with this folder's files as they are: the last one, where nothing has changed since. */
function commitOfNow(): string {
  const changed = execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@kumiko.example', 'stash', 'create'], {
    cwd: root,
    encoding: 'utf8',
  });
  return changed.trim() || 'HEAD';
}

test('the code of a commit with the same protos has the contracts that are built here, and builds none', async () => {
  const folder = join(parent, 'code');
  const [service = ''] = serviceNames;
  const code = await takeCode({ service, from: commitOfNow(), folder, signal: new AbortController().signal });
  try {
    for (const name of ['.stamp', 'descriptor.binpb', 'services.json'])
      expect(readFileSync(join(folder, contracts, name)).equals(readFileSync(join(root, contracts, name)))).toBe(true);
    // Whoever builds takes a lock.
    expect(existsSync(join(folder, `${contracts}.lock`))).toBe(false);
  } finally {
    await code.remove();
  }
  expect(existsSync(folder)).toBe(false);
}, 120_000);
