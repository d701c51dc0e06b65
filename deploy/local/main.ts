/** `npm start`: builds what has changed and starts the whole platform on this machine. */
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { compileCache } from './platform/compile-cache.ts';
import type { Platform } from './platform/start-platform.ts';

const startedAt = performance.now();

// Counts for what is imported after it.
enableCompileCache(compileCache);
// Told before anything that takes time.
const [{ EnvoyError }, { requireEnvoy }] = await Promise.all([
  import('../../gateway/envoy/envoy-error.ts'),
  import('../../gateway/envoy/find-envoy.ts'),
]);
try {
  requireEnvoy();
} catch (error) {
  if (!(error instanceof EnvoyError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
await import('../build.ts');
const [
  { printBanner },
  { whenLauncherGone },
  { defaultPortBase, PortTakenError },
  { PreviewOptionError, parsePreviews },
  { StateInUseError, startPlatform },
  { defaultStateDir },
] = await Promise.all([
  import('./platform/banner.ts'),
  import('./platform/launcher.ts'),
  import('./platform/ports.ts'),
  import('./platform/previews.ts'),
  import('./platform/start-platform.ts'),
  import('./platform/state-dir.ts'),
]);

class OptionError extends Error {}

const mistakes = [PortTakenError, StateInUseError, PreviewOptionError, OptionError];

const stopping = new AbortController();

try {
  const { values } = parseArgs({
    options: {
      'port-base': { type: 'string', default: String(defaultPortBase) },
      'state-dir': { type: 'string', default: defaultStateDir },
      /** Such as partner=pr-123: a second instance of that service, for tokens that ask for it. */
      preview: { type: 'string', multiple: true, default: [] },
      /** Keeps traces of every call, for `npm run traces`. */
      traces: { type: 'boolean', default: false },
    },
  });
  const portBase = Number(values['port-base']);
  if (!Number.isInteger(portBase) || portBase < 0 || portBase > 65_000 || (portBase > 0 && portBase < 1024)) {
    throw new OptionError(`--port-base is "${values['port-base']}": 0 for free ports, or a number from 1024 to 65000`);
  }
  const starting = startPlatform({
    portBase,
    stateDir: values['state-dir'],
    previews: parsePreviews(values.preview),
    traces: values.traces,
    signal: stopping.signal,
  });
  const stop = async () => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    await starting.then((platform) => platform.stop()).catch(() => {});
    process.exit(0);
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
  whenLauncherGone(() => void stop());
  const platform = await starting;
  await seed(platform, values['state-dir']);
  await printBanner(platform);
  process.stdout.write(`ready in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
} catch (error) {
  // What ends while everything is told to end is no failure: `stop` sees to the rest.
  if (stopping.signal.aborted) await new Promise(() => {});
  const mistake = mistakes.some((type) => error instanceof type) || isArgsError(error);
  process.stderr.write(mistake ? `${(error as Error).message}\n` : `the platform could not be started: ${(error as Error).stack}\n`);
  process.exit(1);
}

/** Fills an empty platform with what the product shows at its first start, where it has something. */
async function seed(platform: Platform, stateDir: string): Promise<void> {
  const { productFolder } = await import('../../services/platform/contracts/product-folder.ts');
  const file = join(productFolder, 'deploy/local/demo/seed.ts');
  if (!existsSync(file)) return;
  const { seedDemoData } = (await import(pathToFileURL(file).href)) as typeof import('./demo/seed.ts');
  await seedDemoData(platform, stateDir);
}

function isArgsError(error: unknown): boolean {
  return String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');
}
