import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { genFolder } from '../../../../services/platform/contracts/product-folder.ts';
import { migrationsStamp, stampOf, writeStamp } from './migrations.ts';

/** A local Spanner's folder with every migration of the product applied and no rows, built by build.ts: to come to it takes a first start 4 s of CPU. */
export const firstDatabase = join(genFolder, 'first-database');

/** Gives a state that has no database yet a copy of a built one, where that is of these very migrations. Where it is not, they are applied as ever. */
export async function layFirstDatabase(stateDir: string, built = firstDatabase): Promise<void> {
  const folder = join(stateDir, 'spanner');
  const stamp = migrationsStamp();
  if (existsSync(folder) || stampOf(built) !== stamp) return;
  // It appears whole or not at all.
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  const isCopied = await cp(join(built, 'spanner/postgres'), join(unfinished, 'postgres'), { recursive: true }).then(
    // A build that makes it anew takes the stamp away first.
    () => stampOf(built) === stamp,
    () => false,
  );
  if (!isCopied) {
    await rm(unfinished, { recursive: true, force: true });
    return;
  }
  await rename(unfinished, folder);
  writeStamp(stateDir, stamp);
}
