import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inboxInsert, inboxOf } from '../cloud/events/inbox.ts';
import { outboxOf, outboxStatements } from '../cloud/events/outbox-rows.ts';
import type { Statement } from '../cloud/spanner/database.ts';
import { historyStatements, inboxTable, requestsTable } from '../cloud/spanner/history.ts';
import { readMigrations } from '../cloud/spanner/migrations.ts';
import { requestStatements, requestsOf } from '../cloud/spanner/request-ids.ts';
import type { Columns } from '../cloud/spanner/tables/columns.ts';
import { ListStatement } from '../cloud/spanner/tables/list.ts';
import { Table } from '../cloud/spanner/tables/table.ts';

/** The folder that holds the services. */
export const servicesRoot = join(import.meta.dirname, '../..');

/** A statement and the file that exports it. */
export interface ListedStatement extends Statement {
  readonly file: string;
}

/** Every statement that a store exports, and those of our own tables in each schema that has them. */
export async function listStatements(): Promise<ListedStatement[]> {
  const exported = await exportedByStores();
  const listed = exported.flatMap(({ file, value }) => statementsIn(value).map(({ name, text }) => ({ name, text, file })));
  return [...unique(listed), ...sharedStatements()];
}

/** Every table that a store exports, and our own in each schema that has them. */
export async function listTables(): Promise<Table<Columns>[]> {
  const exported = (await exportedByStores()).flatMap(({ value }) => (value instanceof Table ? [value] : []));
  const shared = [...schemasWith('outbox').map(outboxOf), ...schemasWith('inbox').map(inboxOf), ...schemasWith('requests').map(requestsOf)];
  return [...exported, ...shared];
}

async function exportedByStores(): Promise<{ readonly file: string; readonly value: unknown }[]> {
  const files = ['*/store/*.ts', 'platform/cloud/**/*.ts']
    .flatMap((pattern) => globSync(pattern, { cwd: servicesRoot }))
    .filter((file) => !/(\.test|(^|[/-])main)\.ts$/.test(file))
    .sort();
  const modules = await Promise.all(
    files.map(
      async (file): Promise<[string, Record<string, unknown>]> => [file, await import(pathToFileURL(join(servicesRoot, file)).href)],
    ),
  );
  return modules.flatMap(([file, exported]) => Object.values(exported).map((value) => ({ file, value })));
}

/** Files of services that define statements where this catalogue does not look. */
export function filesWithHiddenStatements(): string[] {
  return globSync('*/**/*.ts', { cwd: servicesRoot })
    .filter((file) => !file.startsWith('platform/') && !/^[^/]+\/store\//.test(file))
    .filter((file) => readFileSync(join(servicesRoot, file), 'utf8').includes('defineStatements('));
}

function statementsIn(value: unknown): Statement[] {
  if (isStatement(value)) return [...formsOf(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).filter(isStatement).flatMap(formsOf) : [];
}

/** A list's text follows from what it is asked for. */
function formsOf(statement: Statement): readonly Statement[] {
  return statement instanceof ListStatement ? statement.samples() : [statement];
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

/** The schemas that have a table of this name. */
function schemasWith(name: string): string[] {
  const definitions = readMigrations(servicesRoot).flatMap((migration) => migration.statements);
  return definitions.flatMap((text) => new RegExp(`^CREATE TABLE (?:IF NOT EXISTS )?(\\w+)\\.${name}\\b`, 'i').exec(text)?.[1] ?? []);
}

function sharedStatements(): ListedStatement[] {
  return [
    ...schemasWith('outbox').flatMap((schema) => Object.values(outboxStatements(schema))),
    ...schemasWith('inbox').map((schema) => inboxInsert(schema, '', new Date(0))[0]),
    ...[inboxTable, requestsTable].flatMap(({ table, timeColumn }) =>
      schemasWith(table).flatMap((schema) => Object.values(historyStatements(schema, table, timeColumn))),
    ),
    ...schemasWith('requests').flatMap((schema) => Object.values(requestStatements(schema))),
  ].map((statement) => ({ ...statement, file: 'cloud' }));
}
