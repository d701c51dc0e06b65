import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cachedEnvoy } from './envoy-cache.ts';
import { EnvoyError, waysToEnvoy } from './envoy-error.ts';
import { minorLine, pinnedVersion } from './pinned-version.ts';

/**
 * The Envoy to run: the file that `ENVOY` names, else `envoy` on PATH where it is of the pinned minor version, else the fetched one.
 * Undefined where there is none. Fetches nothing.
 *
 * @throws EnvoyError where `ENVOY` names something that is no Envoy of the pinned minor version: whoever names one means that one.
 */
export function findEnvoy(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  if (environment['ENVOY']) return named(environment['ENVOY']);
  return onPath(environment['PATH'] ?? '') ?? [cachedEnvoy(environment)].find(isExecutable);
}

/** @throws EnvoyError where there is none, with the ways to have one. */
export function requireEnvoy(environment: NodeJS.ProcessEnv = process.env): string {
  const found = findEnvoy(environment);
  if (found === undefined) throw new EnvoyError(`there is no Envoy ${minorLine(pinnedVersion)} on this machine. ${waysToEnvoy()}`);
  return found;
}

function named(file: string): string {
  const version = versionOf(file);
  if (version === undefined) throw new EnvoyError(`ENVOY names ${file}, which is no Envoy that runs here. ${waysToEnvoy()}`);
  if (fits(version)) return file;
  throw new EnvoyError(
    `ENVOY names Envoy ${version} (${file}), but the gateways' configuration is made for ${minorLine(pinnedVersion)}. ${waysToEnvoy()}`,
  );
}

function onPath(path: string): string | undefined {
  const file = path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, 'envoy'))
    .find(isExecutable);
  const version = file === undefined ? undefined : versionOf(file);
  return version !== undefined && fits(version) ? file : undefined;
}

function fits(version: string): boolean {
  return minorLine(version) === minorLine(pinnedVersion);
}

/** What an executable says of itself: "envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL". */
function versionOf(file: string): string | undefined {
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 5_000 });
  return /\bversion: [0-9a-f]+\/(\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
