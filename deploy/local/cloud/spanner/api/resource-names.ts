import { invalidArgument } from './spanner-failure.ts';

const INSTANCE = /^projects\/[^/]+\/instances\/[^/]+$/;
const DATABASE = /^projects\/[^/]+\/instances\/[^/]+\/databases\/[^/]+$/;
const SESSION = /^projects\/[^/]+\/instances\/[^/]+\/databases\/[^/]+\/sessions\/[^/]+$/;

/** Checks the name of an instance. */
export function instanceName(name: string | null | undefined): string {
  return checked(INSTANCE, name, 'projects/P/instances/I');
}

/** Checks the name of a database. */
export function databaseName(name: string | null | undefined): string {
  return checked(DATABASE, name, 'projects/P/instances/I/databases/D');
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
  return parentOf(databaseName(name));
}

/** The database of a session. */
export function databaseOfSession(name: string | null | undefined): string {
  return parentOf(checked(SESSION, name, 'projects/P/instances/I/databases/D/sessions/S'));
}

function checked(pattern: RegExp, name: string | null | undefined, form: string): string {
  if (name == null || !pattern.test(name)) throw invalidArgument(`"${name ?? ''}" is not a name of the form ${form}`);
  return name;
}

/** Without the last collection and id. */
function parentOf(name: string): string {
  return name.split('/').slice(0, -2).join('/');
}
