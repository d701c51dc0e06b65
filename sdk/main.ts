/** `npm run sdk`: builds what partners and apps call the API with. */
import { parseArgs } from 'node:util';
import { errorReasons } from '../deploy/error-catalogue.ts';
import { runCommand } from '../services/platform/tools/command-line.ts';
import { collectProtos } from './build-protos.ts';
import { buildTypescript } from './build-typescript.ts';

const usage = `usage:
  npm run sdk
      builds what partners and apps call the API with, and prints where it is: the file that "npm install" takes, and the protos for other languages`;

await runCommand({ usage }, async () => {
  parseArgs({ options: {} });
  process.stdout.write(`${buildTypescript(await errorReasons())}\n${collectProtos()}\n`);
});
