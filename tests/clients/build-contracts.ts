/** Builds the contracts of the services that programs of others are made to call, each a product of its own beside the marketplace. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

for (const product of ['connect', 'interop']) {
  execFileSync(process.execPath, [join(import.meta.dirname, '../../services/platform/contracts/build.ts')], {
    stdio: 'inherit',
    env: { ...process.env, KUMIKO_PRODUCT: join(import.meta.dirname, product) },
  });
}
