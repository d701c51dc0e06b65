import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readGatewayEnvironment } from './gateway-environment.ts';
import type { Role } from './gateway-methods.ts';
import { renderBootstrap } from './render-bootstrap.ts';

/** Where the golden files lie. */
export const goldenFolder = join(import.meta.dirname, 'golden');

/** The example environments. */
export const environmentFolder = join(import.meta.dirname, 'environments');

const roles: readonly Role[] = ['edge', 'jobs'];

/** What the golden files must hold, by file name: one for each environment and role. */
export function goldenFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const file of readdirSync(environmentFolder).sort()) {
    const environment = readGatewayEnvironment(join(environmentFolder, file));
    for (const role of roles) files.set(file.replace(/\.yaml$/, `-${role}.yaml`), renderBootstrap({ role, environment }));
  }
  return files;
}

/** Writes the golden files and removes those that nothing renders any more. */
export function writeGoldenFiles(): void {
  const files = goldenFiles();
  mkdirSync(goldenFolder, { recursive: true });
  for (const orphan of readdirSync(goldenFolder).filter((name) => !files.has(name))) rmSync(join(goldenFolder, orphan));
  for (const [name, text] of files) writeFileSync(join(goldenFolder, name), text);
}
