/** Builds what is derived from this product's protos, beside what is from the marketplace's. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

execFileSync(process.execPath, [join(import.meta.dirname, '../../deploy/build.ts')], {
  stdio: 'inherit',
  env: { ...process.env, KUMIKO_PRODUCT: import.meta.dirname },
});
