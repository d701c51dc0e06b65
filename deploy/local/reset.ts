/** `npm run reset`: forgets the local platform's state. */
import { rmSync } from 'node:fs';
import { runningEndpoints } from './platform/endpoints.ts';
import { defaultStateDir } from './platform/state-dir.ts';

const running = runningEndpoints(defaultStateDir);
if (running !== undefined) {
  process.stderr.write(`the platform runs as process ${running.pid}: stop it first (Ctrl-C, or kill ${running.pid})\n`);
  process.exit(1);
}
rmSync(defaultStateDir, { recursive: true, force: true });
process.stdout.write('the local state is empty\n');
