import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openRig } from '../rig.ts';
import { allCases } from '../suites.ts';
import { envoyPlane } from './envoy-plane.ts';

const folder = mkdtempSync(join(tmpdir(), 'kumiko-launcher-'));
afterAll(() => rmSync(folder, { recursive: true }));

function executable(name: string, script: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

// Only a stand-in: this says nothing about Envoy.
test('a process is started for a bootstrap, serves its cases and is ended', async () => {
  const stub = executable('stub', `exec '${process.execPath}' '${join(import.meta.dirname, 'testing/stub-envoy.ts')}' "$@"`);
  const rig = await openRig(envoyPlane(stub));
  try {
    for (const name of ['REST without a token', 'a whole body', 'a gateway that is told to fail its health check']) {
      expect(await rig.run(allCases.find((one) => one.name === name)!, 'HTTP/2'), name).toEqual([]);
    }
    const { adminPort } = await rig.bench('edge');
    await rig.close();
    await expect(fetch(`http://127.0.0.1:${adminPort}/ready`)).rejects.toThrow();
  } finally {
    await rig.close();
  }
});

test('an executable that ends at once is told with what it said', async () => {
  const broken = executable('broken', 'echo "no such field: colour" >&2; exit 1');
  const bootstrap = { admin: { address: { socket_address: {} } }, static_resources: { listeners: [] } };
  await expect(envoyPlane(broken).start(bootstrap, folder)).rejects.toThrow(
    /does not serve the bootstrap: it ended with 1\nno such field: colour/,
  );
});

test('an executable that is not there is told', async () => {
  const bootstrap = { admin: { address: { socket_address: {} } }, static_resources: { listeners: [] } };
  await expect(envoyPlane(join(folder, 'nowhere')).start(bootstrap, folder)).rejects.toThrow(/ENOENT/);
});
