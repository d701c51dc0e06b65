import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../services/platform/tools/command-line.ts';
import { Changes } from './changes.ts';
import { Mistake } from './mistake.ts';
import { type Product, placesOf, serviceOf } from './product.ts';
import { migrationTemplate } from './templates/migration.ts';

/** `new migration`: the next one of a service, such as "add-rating" or "004-add-rating". @throws {Mistake} */
export function newMigration(product: Product, service: string, asked: string): Changes {
  const [, wanted, name] = /^(?:(\d{3})-)?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)$/.exec(asked) ?? [];
  if (name === undefined) throw new UsageError(`"${asked}" cannot be the name of a migration: write one such as "add-rating"`);
  serviceOf(product, service);
  const { folder } = placesOf(service);
  const files = readdirSync(join(product.folder, folder, 'migrations'))
    .filter((file) => file.endsWith('.sql'))
    .toSorted();
  const last = Math.max(0, ...files.map((file) => Number(file.slice(0, 3))).filter(Number.isInteger));
  const next = String(last + 1).padStart(3, '0');
  if (wanted !== undefined && wanted !== next) {
    const owner = files.find((file) => file.startsWith(`${wanted}-`));
    throw new Mistake(
      `${owner === undefined ? `a migration ${wanted} would leave a gap` : `${folder}/migrations/${owner} has the number ${wanted}`}: the next one is ${next}`,
    );
  }
  const same = files.find((file) => file.slice(4) === `${name}.sql`);
  if (same !== undefined) throw new Mistake(`${folder}/migrations/${same} has this name`);
  if (last >= 999) throw new Mistake(`${folder}/migrations has no number left`);
  const changes = new Changes(product.folder);
  changes.create(`${folder}/migrations/${next}-${name}.sql`, migrationTemplate(service, name));
  return changes;
}
