import { type Migration, readMigrations } from '../../services/platform/cloud/spanner/migrations.ts';
import { servicesFolder } from '../../services/platform/contracts/product-folder.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { databaseRole } from './service-environment.ts';

/**
 * The statements that let each service's database role work on its own schema and no other. They hold for the tables that exist: run them after
 * every migration. Running them again changes nothing. https://docs.cloud.google.com/spanner/docs/fgac-privileges
 */
export function databaseGrants(migrations: readonly Migration[] = readMigrations(servicesFolder)): string[] {
  return serviceNames.flatMap((schema) => {
    const tables = tablesOf(schema, migrations);
    if (tables.length === 0) return [];
    const role = databaseRole(schema);
    return [`GRANT USAGE ON SCHEMA ${schema} TO ${role}`, `GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE ${tables.join(', ')} TO ${role}`];
  });
}

function tablesOf(schema: string, migrations: readonly Migration[]): string[] {
  const tables = new Set<string>();
  for (const statement of migrations.flatMap(({ statements }) => statements)) {
    const created = /^CREATE TABLE (?:IF NOT EXISTS )?([\w.]+)/i.exec(statement)?.[1];
    const dropped = /^DROP TABLE (?:IF EXISTS )?([\w.]+)/i.exec(statement)?.[1];
    if (created?.startsWith(`${schema}.`)) tables.add(created);
    if (dropped !== undefined) tables.delete(dropped);
  }
  return [...tables];
}
