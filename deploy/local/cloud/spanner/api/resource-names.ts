import { invalidArgument } from './spanner-failure.ts';

const INSTANCE = /^projects\/[^/]+\/instances\/[^/]+$/;
const DATABASE = /^(projects\/[^/]+\/instances\/[^/]+)\/databases\/[^/]+$/;
const SESSION = /^(projects\/[^/]+\/instances\/[^/]+\/databases\/[^/]+)\/sessions\/[^/]+$/;

/** Checks the name of an instance. */
export function instanceName(name: string | null | undefined): string {
  return match(INSTANCE, name, 'projects/P/instances/I')[0];
}

/** Checks the name of a database. */
export function databaseName(name: string | null | undefined): string {
  return match(DATABASE, name, 'projects/P/instances/I/databases/D')[0];
}

/** Checks the id of a database that is created: https://cloud.google.com/spanner/quotas#database-limits */
export function checkedDatabaseId(id: string): string {
  if (/^[a-z][a-z0-9_-]{0,28}[a-z0-9]$/.test(id)) return id;
  throw invalidArgument(
    `"${id}" is no id of a database: 2 to 30 lower-case letters, digits, underscores and hyphens, a letter first, a letter or digit last`,
  );
}

/** Checks the id of an instance that is created: https://cloud.google.com/spanner/quotas#instance-limits */
export function checkedInstanceId(id: string): string {
  if (/^[a-z][a-z0-9-]{0,62}[a-z0-9]$/.test(id)) return id;
  throw invalidArgument(
    `"${id}" is no id of an instance: 2 to 64 lower-case letters, digits and hyphens, a letter first, a letter or digit last`,
  );
}

/** The instance of a database. */
export function instanceOfDatabase(name: string): string {
  return match(DATABASE, name, 'projects/P/instances/I/databases/D')[1]!;
}

/** The database of a session. */
export function databaseOfSession(name: string | null | undefined): string {
  return match(SESSION, name, 'projects/P/instances/I/databases/D/sessions/S')[1]!;
}

function match(pattern: RegExp, name: string | null | undefined, form: string): RegExpExecArray {
  const found = pattern.exec(name ?? '');
  if (found === null) throw invalidArgument(`"${name ?? ''}" is not a name of the form ${form}`);
  return found;
}
