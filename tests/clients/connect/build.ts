/** Builds the contracts of the conformance service, beside those of the marketplace. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

execFileSync(process.execPath, [join(import.meta.dirname, '../../../services/platform/contracts/build.ts')], {
  stdio: 'inherit',
  env: { ...process.env, KUMIKO_PRODUCT: import.meta.dirname },
});
