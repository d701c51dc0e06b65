/** The step of `npm ci` that fetches Envoy, so that nothing later needs a network. Where that cannot be, the installation goes on and says so. */
import { EnvoyError } from './envoy-error.ts';
import { fetchEnvoy } from './fetch-envoy.ts';
import { findEnvoy } from './find-envoy.ts';

const say = (line: string) => void process.stderr.write(`${line}\n`);

try {
  if (findEnvoy() === undefined) await fetchEnvoy(process.env, say);
} catch (error) {
  if (!(error instanceof EnvoyError)) throw error;
  say(`${error.message}\nEverything else is installed; the gateways need an Envoy to start.`);
}
