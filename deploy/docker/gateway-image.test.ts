import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { validateBootstrap } from '../../gateway/bootstrap/validation/validate-bootstrap.ts';
import { assembleGateway } from './assemble-gateway.ts';

const golden = join(import.meta.dirname, '../../gateway/bootstrap/golden');
const rendered = (role: string) => join(golden, `production-${role}.yaml`);
let folder: string;
let tree: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kumiko-gateway-image-'));
  tree = join(folder, 'tree');
  for (const role of ['edge', 'jobs']) cpSync(rendered(role), join(folder, 'bootstraps', `${role}.yaml`));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const assemble = () => assembleGateway(join(folder, 'bootstraps'), tree);

test('the image holds both bootstraps as they were rendered, and everything that they read', () => {
  assemble();
  for (const role of ['edge', 'jobs']) {
    const bootstrap = readFileSync(join(tree, `etc/kumiko/${role}.yaml`), 'utf8');
    expect(bootstrap).toBe(readFileSync(rendered(role), 'utf8'));
    const here = bootstrap.replaceAll('/etc/kumiko', join(tree, 'etc/kumiko'));
    expect(validateBootstrap(here, { files: 'checked' })).toEqual([]);
  }
});

test('whoever makes it, everybody may read what is in it, and run the entrypoint, and nobody but root may write', () => {
  const before = process.umask(0o077);
  try {
    assemble();
  } finally {
    process.umask(before);
  }
  const modes = readdirSync(tree, { recursive: true, encoding: 'utf8' }).map((path) => {
    const stat = statSync(join(tree, path));
    return [path, stat.isDirectory() ? 'folder' : 'file', (stat.mode & 0o777).toString(8)].join(' ');
  });
  expect(modes).toContain('usr/local/bin/gateway-entrypoint file 755');
  expect(modes.filter((mode) => !/ (folder 755|file 644)$/.test(mode))).toEqual(['usr/local/bin/gateway-entrypoint file 755']);
});

test('the port that the entrypoint replaces is the listener’s', () => {
  assemble();
  for (const role of ['edge', 'jobs']) {
    const text = readFileSync(join(tree, `etc/kumiko/${role}.yaml`), 'utf8').replace('port_value: 8080', 'port_value: 9000');
    const { static_resources: resources } = parse(text) as { static_resources: { listeners: { address: unknown }[] } };
    expect(resources.listeners.map(({ address }) => address)).toEqual([{ socket_address: { address: '0.0.0.0', port_value: 9000 } }]);
  }
});

test('a bootstrap that is missing is named', () => {
  rmSync(join(folder, 'bootstraps/jobs.yaml'));
  expect(assemble).toThrow(`${join(folder, 'bootstraps/jobs.yaml')} is missing: npm run render writes it`);
});

test('a bootstrap that names another file than the image has is refused', () => {
  const file = join(folder, 'bootstraps/edge.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('metadata-token.wasm', 'absent.wasm'));
  expect(assemble).toThrow(`${file} reads /etc/kumiko/wasm/absent.wasm, which the image does not have`);
});

test('a bootstrap of another machine is refused', () => {
  for (const role of ['edge', 'jobs']) cpSync(join(golden, `local-${role}.yaml`), join(folder, 'bootstraps', `${role}.yaml`));
  const file = join(folder, 'bootstraps/edge.yaml');
  writeFileSync(
    file,
    readFileSync(file, 'utf8')
      .replace(/port_value: \d+/g, 'port_value: 1')
      .replace('port_value: 1', 'port_value: 8080'),
  );
  expect(assemble).toThrow('which the image does not have');
});

test.each([
  ['twice', (text: string) => `${text}# port_value: 8080\n`, '2 times'],
  ['never', (text: string) => text.replace('port_value: 8080', 'port_value: 8081'), '0 times'],
])('a bootstrap that has the port of PORT %s is refused', (_, change, times) => {
  const file = join(folder, 'bootstraps/edge.yaml');
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  expect(assemble).toThrow(times);
});
