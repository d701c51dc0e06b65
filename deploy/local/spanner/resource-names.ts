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
