/** `npm run demo [-- --json]`: tells the story against the running platform, or against its own where none runs. */

import { parseArgs } from 'node:util';
import { EnvoyError } from '../../../gateway/envoy/envoy-error.ts';
import { errorText } from '../../../services/platform/contracts/error-text.ts';
import { runCommand } from '../../../services/platform/tools/command-line.ts';
import { runningEndpoints } from '../platform/endpoints.ts';
import { loadSecrets } from '../platform/secrets.ts';
import { startPlatform } from '../platform/start-platform.ts';
import { defaultStateDir } from '../platform/state-dir.ts';
import { Narrator } from './narrator.ts';
import { type Stage, tellStory } from './story.ts';

const usage = `usage: npm run demo [-- --json] [--state-dir DIR]

  tells the story on the running platform, or on one of its own where none runs; --json tells it to machines`;

await runCommand({ usage, isMistake: (error) => error instanceof EnvoyError }, async () => {
  const { values } = parseArgs({
    options: { json: { type: 'boolean', default: false }, 'state-dir': { type: 'string', default: defaultStateDir } },
  });
  const print = values.json ? () => {} : (line: string) => process.stdout.write(`${line}\n`);
  const narrator = new Narrator(print);
  const { stage, end } = await findStage(values['state-dir'], print);
  try {
    await tellStory(narrator, stage);
    print('\nEvery step was read back as expected.');
  } catch (error) {
    print(`\nThe story broke off: ${errorText(error)}`);
    process.exitCode = 1;
  } finally {
    if (values.json) process.stdout.write(`${JSON.stringify({ ok: process.exitCode !== 1, steps: narrator.steps })}\n`);
    await end();
  }
});
process.exit();

async function findStage(stateDir: string, print: (line: string) => void): Promise<{ stage: Stage; end: () => Promise<void> }> {
  const endpoints = runningEndpoints(stateDir);
  if (endpoints !== undefined) {
    print(`on the running platform at ${endpoints.edge}`);
    return { stage: { endpoints, secrets: loadSecrets(stateDir) }, end: async () => {} };
  }
  print('no platform runs: starting one for the story');
  const platform = await startPlatform({ portBase: 0, stateDir });
  const stop = () => void platform.stop().then(() => process.exit(1));
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return { stage: platform, end: () => platform.stop() };
}
