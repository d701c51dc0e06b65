import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Ports } from './ports.ts';
import { serviceNames } from './service-names.ts';
import { databaseEnvironment } from './surroundings.ts';

const services = join(import.meta.dirname, '../../../services');

/** Brings the database to the state of the migrations. Asks it only when the migrations changed since the last time: the client takes time to load. */
export async function applyMigrations(ports: Ports, stateDir: string): Promise<void> {
  const stampFile = join(stateDir, 'migrations.stamp');
  const hash = createHash('sha256');
  for (const file of migrationFiles()) hash.update(file).update(readFileSync(join(services, file)));
  const stamp = hash.digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  await promisify(execFile)(process.execPath, [join(services, 'platform/cloud/spanner/migrate-main.ts')], {
    // No metadata server is asked: the local Spanner checks no credentials.
    env: { ...process.env, ...databaseEnvironment(ports), METADATA_SERVER_DETECTION: 'none' },
  });
  writeFileSync(stampFile, stamp);
}

function migrationFiles(): string[] {
  const folders = serviceNames.map((name) => join(name, 'migrations'));
  return folders.flatMap((folder) => {
    const names = readdirSync(join(services, folder)).filter((name) => name.endsWith('.sql'));
    return names.toSorted().map((name) => join(folder, name));
  });
}
