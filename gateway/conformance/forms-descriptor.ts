import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Builds the descriptor set of testing.proto, whose methods have every form of google.api.http, and returns its file in `folder`. */
export function buildFormsDescriptor(folder: string): string {
  const workspace = join(folder, 'proto');
  mkdirSync(workspace, { recursive: true });
  const modules = [join(root, 'services/contracts/gen/third_party'), join(root, 'gateway/dataplane/testing/proto')];
  // buf takes modules below its working directory only.
  for (const [index, from] of modules.entries()) cpSync(from, join(workspace, `m${index}`), { recursive: true });
  writeFileSync(join(workspace, 'buf.yaml'), JSON.stringify({ version: 'v2', modules: [{ path: 'm0' }, { path: 'm1' }] }));
  const file = join(folder, 'forms.binpb');
  execFileSync(join(root, 'node_modules/.bin/buf'), ['build', '--as-file-descriptor-set', '-o', file], {
    cwd: workspace,
    stdio: 'inherit',
  });
  return file;
}
