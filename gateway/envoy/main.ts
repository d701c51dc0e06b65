/** Runs the Envoy that everything here runs on, fetched first where there is none: `npm run -s envoy -- --version`. */
import { spawnSync } from 'node:child_process';
import { EnvoyError } from './envoy-error.ts';
import { fetchEnvoy } from './fetch-envoy.ts';
import { findEnvoy } from './find-envoy.ts';

try {
  const envoy = findEnvoy() ?? (await fetchEnvoy(process.env, (line) => process.stderr.write(`${line}\n`)));
  const { status, signal } = spawnSync(envoy, process.argv.slice(2), { stdio: 'inherit' });
  process.exitCode = status ?? (signal === null ? 1 : 128);
} catch (error) {
  if (!(error instanceof EnvoyError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
