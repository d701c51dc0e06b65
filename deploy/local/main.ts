/** `npm start`: builds what has changed and starts the whole platform on this machine. */

import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { errorText } from '../../services/platform/contracts/error-text.ts';
import { compileCache } from './platform/compile-cache.ts';
import type { Platform } from './platform/start-platform.ts';

const startedAt = performance.now();

// Counts for what is imported after it.
enableCompileCache(compileCache);
const [
  { runCommand, UsageError },
  { requireEnvoy },
  { cloudRunArguments, cloudRunMode, cloudRunOptions, defaultEnvironment, defaultIdle },
  { defaultPortBase, isFree, PortTakenError },
  { defaultStateDir },
] = await Promise.all([
  import('../../services/platform/tools/command-line.ts'),
  import('../../gateway/envoy/find-envoy.ts'),
  import('./platform/cloud-run-arguments.ts'),
  import('./platform/free-port.ts'),
  import('./platform/state-dir.ts'),
]);

const usage = `usage: npm start -- [--port-base N] [--preview SERVICE=TAG]… [--no-console] [--watch] [--state-dir DIR]
                   [--cloud-run [--env NAME] [--instances N] [--idle TIME] [--containers]] [--traffic SERVICE=TAG:PERCENT]…

  the whole platform on this machine; Ctrl-C stops it
  --port-base N          the first of its ports, ${defaultPortBase} unless told; 0 picks free ones
  --preview partner=pr-123   a second instance of a service, for tokens that ask for it
  --no-console           without the console in the browser, and without the traces that it shows
  --watch                restarts what a change of code, protos or SQL concerns
  --cloud-run            services as Cloud Run has them: instances come with requests, stand still between them, and go
  --env NAME             whose sizes in deploy/environments they have, ${defaultEnvironment} unless told
  --instances N          so many of each service, no more and no fewer
  --containers           instances are containers of the environment's images, which "npm run images" builds
  --idle TIME            how long one that is not needed stays, such as 15s or 2m; ${defaultIdle} unless told
  --traffic partner=v2:10   gives a preview 10 percent of its service's requests
  --state-dir DIR        where its state lives, .kumiko unless told`;

const stopping = new AbortController();
const mistakes = new Set([
  'EnvoyError',
  'PortTakenError',
  'StateInUseError',
  'PreviewError',
  'ServiceListError',
  'CloudRunModeError',
  'ImagesError',
  'EnvironmentError',
]);

await runCommand({ usage, isMistake: (error) => error instanceof Error && mistakes.has(error.name) }, async () => {
  const { values } = parseArgs({
    options: {
      'port-base': { type: 'string', default: String(defaultPortBase) },
      'state-dir': { type: 'string', default: defaultStateDir },
      preview: { type: 'string', multiple: true, default: [] },
      'no-console': { type: 'boolean', default: false },
      watch: { type: 'boolean', default: false },
      ...cloudRunArguments,
      traffic: { type: 'string', multiple: true, default: [] },
    },
  });
  const portBase = Number(values['port-base']);
  if (!Number.isInteger(portBase) || portBase < 0 || portBase > 65_000 || (portBase > 0 && portBase < 1024)) {
    throw new UsageError(`--port-base is "${values['port-base']}": 0 for free ports, or a number from 1024 to 65000`);
  }
  const mode = cloudRunMode(values);
  if (mode !== undefined && values.watch) {
    throw new UsageError(
      '--watch restarts what runs from this folder, and with --cloud-run services run what their images hold: leave one of them out',
    );
  }
  // Told before anything that takes time.
  requireEnvoy();
  if (portBase > 0 && !(await isFree(portBase))) throw new PortTakenError('edge', portBase, portBase);
  await import('../build.ts');
  const [{ printBanner }, { whenLauncherGone }, { parsePreviews, parseTraffic }, { startPlatform }] = await Promise.all([
    import('./platform/banner.ts'),
    import('./platform/launcher.ts'),
    import('./platform/previews.ts'),
    import('./platform/start-platform.ts'),
  ]);
  const previews = parsePreviews(values.preview);
  const traffic = parseTraffic(values.traffic, previews);
  const cloudRun = mode && (await cloudRunOptions(mode, values['state-dir']));
  /** Resets in a moment, so that whoever asks hears of it before the console goes with the rest. False where the platform begins already. */
  const reset = (): boolean => {
    if (isBeginning) return false;
    isBeginning = true;
    setTimeout(() => void beginAnew(), 100);
    return true;
  };
  const startAt = (base: number, anew = false) =>
    startPlatform({
      portBase: base,
      stateDir: values['state-dir'],
      previews,
      traffic,
      traces: !values['no-console'],
      console: !values['no-console'],
      // A reset leaves it where it was.
      ...(!anew && { onConsole: (url) => process.stdout.write(`the console: ${url} (what starts is to be seen there)\n`) }),
      watch: values.watch,
      ...cloudRun,
      anew,
      reset,
      signal: stopping.signal,
    });
  let starting = startAt(portBase);
  /** From a start to its first data: nothing may be reset meanwhile. */
  let isBeginning = true;
  const stop = async () => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    await starting.then((platform) => platform.stop()).catch(() => {});
    process.exit(0);
  };
  /** What was told to end does not begin anew. */
  const beginAnew = async () => {
    const before = await starting;
    starting = (async () => {
      await before.stop();
      stopping.signal.throwIfAborted();
      return startAt(before.ports.edge, true);
    })();
    try {
      await seed(await starting, values['state-dir']);
      isBeginning = false;
      process.stderr.write('the platform has begun anew: its state was reset in the console\n');
    } catch (error) {
      if (stopping.signal.aborted) return;
      process.stderr.write(`the platform could not be started after its reset: ${errorText(error)}\n`);
      process.exit(1);
    }
  };
  process.on('SIGINT', () => void stop());
  process.on('SIGTERM', () => void stop());
  whenLauncherGone(() => void stop());
  try {
    const platform = await starting;
    await seed(platform, values['state-dir']);
    isBeginning = false;
    await printBanner(platform);
    process.stdout.write(`ready in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  } catch (error) {
    // What ends while everything is told to end is no failure: `stop` sees to the rest.
    if (stopping.signal.aborted) await new Promise(() => {});
    throw error;
  }
});
if (process.exitCode !== undefined) process.exit();

/** Fills an empty platform with what the product shows at its first start, where it has something. */
async function seed(platform: Platform, stateDir: string): Promise<void> {
  const { productFolder } = await import('../../services/platform/contracts/product-folder.ts');
  const file = join(productFolder, 'deploy/local/demo/seed.ts');
  if (!existsSync(file)) return;
  const { seedDemoData } = (await import(pathToFileURL(file).href)) as typeof import('./demo/seed.ts');
  await seedDemoData(platform, stateDir);
}
