import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { servicesFolder } from '../../../../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../../../../services/platform/contracts/services.ts';
import type { Ports } from '../ports.ts';
import { databaseEnvironment } from '../service-environment.ts';

const migrate = join(import.meta.dirname, '../../../../services/platform/cloud/spanner/migrate-main.ts');

/** Brings the database to the state of the migrations. Asks it only when the migrations changed since the last time: the client takes time to load. */
export async function applyMigrations(ports: Pick<Ports, 'spanner'>, stateDir: string): Promise<void> {
  const stamp = migrationsStamp();
  if (stampOf(stateDir) === stamp) return;
  await promisify(execFile)(process.execPath, [migrate], {
    // No metadata server is asked: the local Spanner checks no credentials.
    env: { ...process.env, ...databaseEnvironment(ports), METADATA_SERVER_DETECTION: 'none' },
  });
  writeStamp(stateDir, stamp);
}

/** Which migrations a folder's database has seen; undefined where none are known. */
export function stampOf(folder: string): string | undefined {
  const file = stampFile(folder);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/** Remembers beside a database which migrations it has seen. */
export function writeStamp(folder: string, stamp: string): void {
  writeFileSync(stampFile(folder), stamp);
}

/** Forgets it. */
export function removeStamp(folder: string): void {
  rmSync(stampFile(folder), { force: true });
}

/** A fingerprint of all migrations as they are now. */
export function migrationsStamp(): string {
  const hash = createHash('sha256');
  for (const file of migrationFiles()) hash.update(file).update(readFileSync(join(servicesFolder, file)));
  return hash.digest('hex');
}

/** The files of all services' migrations, from the folder of the services, in their order. */
export function migrationFiles(): string[] {
  const folders = serviceNames.map((name) => join(name, 'migrations'));
  return folders.flatMap((folder) => {
    const names = readdirSync(join(servicesFolder, folder)).filter((name) => name.endsWith('.sql'));
    return names.toSorted().map((name) => join(folder, name));
  });
}

const stampFile = (folder: string) => join(folder, 'migrations.stamp');
