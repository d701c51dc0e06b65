import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Fault } from './fault.ts';

/** The Envoy to ask as well: the file that `ENVOY` names, else `envoy` on PATH, else none. */
export function findEnvoy(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment.ENVOY) return environment.ENVOY;
  return (environment.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'envoy'))
    .find(isExecutable);
}

/** What `envoy --mode validate` says of a file. */
export function validateWithEnvoy(envoy: string, file: string): Fault[] {
  const { status, stderr, error } = spawnSync(envoy, ['--mode', 'validate', '-c', file], { encoding: 'utf8' });
  if (error !== undefined) return [{ path: '', message: `${envoy} does not run: ${error.message}` }];
  return status === 0 ? [] : [{ path: '', message: `${envoy} refuses it: ${stderr.trim()}` }];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
