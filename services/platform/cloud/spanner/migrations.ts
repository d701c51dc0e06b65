import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of DDL. */
export interface Migration {
  /** "<service>/<file>", such as "customer/001-orders.sql". */
  readonly name: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly fingerprint: string;
  readonly statements: readonly string[];
}

/**
 * The migrations of every service under `root`: `<service>/migrations/NNN-name.sql`, by service, then by number.
 *
 * @throws where a file is not named so, or two of a service have one number.
 */
export function readMigrations(root: string): Migration[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(root, entry.name, 'migrations')))
    .map((entry) => entry.name)
    .sort()
    .flatMap((service) => readMigrationsOf(root, service));
}

function readMigrationsOf(root: string, service: string): Migration[] {
  const folder = join(root, service, 'migrations');
  const files = readdirSync(folder).sort();
  const numbers = new Set<string>();
  for (const file of files) {
    const number = /^(\d{3})-[a-z0-9-]+\.sql$/.exec(file)?.[1];
    if (number === undefined) throw new Error(`${service}/migrations/${file}: a migration is named like "001-orders.sql"`);
    if (numbers.has(number)) throw new Error(`${service}/migrations/${file}: there is another migration ${number}`);
    numbers.add(number);
  }
  return files.map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    return { name: `${service}/${file}`, fingerprint: createHash('sha256').update(text).digest('hex'), statements: splitStatements(text) };
  });
}

/** Splits SQL at semicolons that end a line, and drops lines that are comments. */
export function splitStatements(text: string): string[] {
  return text
    .replaceAll(/^\s*--.*$/gm, '')
    .split(/;[ \t]*(?:--.*)?$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
