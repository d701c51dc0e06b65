/** `npm run sdk`: builds the TypeScript package for partners and apps. */
import { parseArgs } from 'node:util';
import { errorReasons } from '../deploy/error-catalogue.ts';
import { runCommand } from '../services/platform/tools/command-line.ts';
import { buildTypescript } from './build-typescript.ts';

const usage = `usage:
  npm run sdk
      builds the package for partners and apps from the protos, and prints the file that "npm install" takes`;

await runCommand({ usage }, async () => {
  parseArgs({ options: {} });
  process.stdout.write(`${buildTypescript(await errorReasons())}\n`);
});
