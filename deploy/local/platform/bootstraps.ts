import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { descriptorFile } from '../../../services/platform/contracts/descriptor-file.ts';
import { localGatewayEnvironment } from './local-gateway-environment.ts';
import type { Ports } from './ports.ts';

const compiler = join(import.meta.dirname, '../../../gateway/bootstrap');

/** Writes the bootstrap of a gateway for these ports and returns its file. Compiles only when an input has changed: the compiler takes time to load. */
export async function writeBootstrap(role: 'edge' | 'jobs', ports: Ports, stateDir: string, traces: boolean): Promise<string> {
  const directory = join(stateDir, 'gateway');
  const file = join(directory, `${role}.json`);
  const stampFile = join(directory, `${role}.stamp`);
  const environment = localGatewayEnvironment(ports, role, traces);
  const stamp = fingerprint(JSON.stringify(environment));
  if (existsSync(file) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return file;
  const { compileBootstrap } = await import('../../../gateway/bootstrap/compile-bootstrap.ts');
  mkdirSync(directory, { recursive: true });
  // As JSON: to write a megabyte of YAML takes four times as long as to compile what it says.
  writeFileSync(file, JSON.stringify(compileBootstrap({ role, environment }), undefined, 2));
  writeFileSync(stampFile, stamp);
  return file;
}

function fingerprint(environment: string): string {
  const hash = createHash('sha256').update(environment).update(readFileSync(descriptorFile));
  for (const name of readdirSync(compiler).toSorted()) {
    if (name.endsWith('.ts')) hash.update(readFileSync(join(compiler, name)));
  }
  return hash.digest('hex');
}
