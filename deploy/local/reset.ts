/** `npm run reset`: forgets the local platform's state. */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runCommand } from '../../services/platform/tools/command-line.ts';
import { runningEndpoints } from './platform/endpoints.ts';
import { forgetState } from './platform/forget-state.ts';
import { defaultStateDir } from './platform/state-dir.ts';
import { lockState } from './platform/state-lock.ts';

const usage = `usage: npm run reset [-- --state-dir DIR]

  forgets the local platform's state: database, messages, keys`;

await runCommand({ usage }, async () => {
  const { values } = parseArgs({ options: { 'state-dir': { type: 'string', default: defaultStateDir } } });
  const stateDir = values['state-dir'];
  const running = runningEndpoints(stateDir);
  const release = lockState(stateDir);
  if (release === undefined) {
    const what =
      running === undefined
        ? 'a platform is about to start or to end: wait for it'
        : `the platform runs as process ${running.pid}: stop it first (Ctrl-C, or kill ${running.pid})`;
    process.stderr.write(`${what}\n`);
    process.exitCode = 1;
    return;
  }
  await forgetState(stateDir);
  release();
  rmSync(stateDir, { recursive: true, force: true });
  process.stdout.write('the local state is empty\n');
});
