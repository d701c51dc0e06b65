import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inboxInsert } from '../cloud/events/inbox.ts';
import { outboxStatements } from '../cloud/events/outbox.ts';
import type { Statement } from '../cloud/spanner/database.ts';
import { historyStatements, inboxTable, requestsTable } from '../cloud/spanner/history.ts';
import { readMigrations } from '../cloud/spanner/migrations.ts';
import { requestStatements } from '../cloud/spanner/request-ids.ts';

/** The folder that holds the services. */
export const servicesRoot = join(import.meta.dirname, '../..');

/** A statement and the file that exports it. */
export interface ListedStatement extends Statement {
  readonly file: string;
}

/** Every statement that a store exports, and those of our own tables in each schema that has them. */
export async function listStatements(): Promise<ListedStatement[]> {
  const files = ['*/store/*.ts', 'platform/cloud/**/*.ts']
    .flatMap((pattern) => globSync(pattern, { cwd: servicesRoot }))
    .filter((file) => !/(\.test|(^|[/-])main)\.ts$/.test(file))
    .sort();
  const listed: ListedStatement[] = [];
  for (const file of files) {
    const exported: Record<string, unknown> = await import(pathToFileURL(join(servicesRoot, file)).href);
    for (const statement of Object.values(exported).flatMap(statementsIn)) listed.push({ ...statement, file });
  }
  return [...unique(listed), ...sharedStatements()];
}

/** Files of services that define statements where this catalogue does not look. */
export function filesWithHiddenStatements(): string[] {
  return globSync('*/**/*.ts', { cwd: servicesRoot })
    .filter((file) => !file.startsWith('platform/') && !/^[^/]+\/store\//.test(file))
    .filter((file) => readFileSync(join(servicesRoot, file), 'utf8').includes('defineStatements('));
}

function statementsIn(value: unknown): Statement[] {
  if (isStatement(value)) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).filter(isStatement) : [];
}

function isStatement(value: unknown): value is Statement {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    'text' in value &&
    typeof value.name === 'string' &&
    typeof value.text === 'string'
  );
}

function unique(statements: readonly ListedStatement[]): ListedStatement[] {
  return [...new Map(statements.map((statement) => [`${statement.name} ${statement.text}`, statement])).values()];
}

function sharedStatements(): ListedStatement[] {
  const definitions = readMigrations(servicesRoot).flatMap((migration) => migration.statements);
  const schemasWith = (table: string) =>
    definitions.flatMap((text) => new RegExp(`^CREATE TABLE (?:IF NOT EXISTS )?(\\w+)\\.${table}\\b`, 'i').exec(text)?.[1] ?? []);
  return [
    ...schemasWith('outbox').flatMap((schema) => Object.values(outboxStatements(schema))),
    ...schemasWith('inbox').map((schema) => inboxInsert(schema, '', new Date(0))[0]),
    ...[inboxTable, requestsTable].flatMap(({ table, timeColumn }) =>
      schemasWith(table).flatMap((schema) => Object.values(historyStatements(schema, table, timeColumn))),
    ),
    ...schemasWith('requests').flatMap((schema) => Object.values(requestStatements(schema))),
  ].map((statement) => ({ ...statement, file: 'cloud' }));
}
