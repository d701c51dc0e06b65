/** What a DML statement writes to. */
interface DmlShape {
  /** As it is written: "schema.name" or "name", with its quotes. */
  readonly table: string;
  /** Columns that an INSERT or UPDATE names; undefined for a DELETE, and for an INSERT that names none. */
  readonly columns: readonly string[] | undefined;
  readonly isDelete: boolean;
}

const NAME = String.raw`(?:"(?:[^"]|"")+"|[\w$]+)`;
const TABLE = String.raw`(${NAME}(?:\.${NAME})?)`;
const COMMENT = /--[^\n]*(?:\n|$)|\/\*.*?\*\//gs;
const LITERAL = /'(?:[^']|'')*'/g;

const INSERT = new RegExp(String.raw`^\s*INSERT\s+INTO\s+${TABLE}(?:\s*\(([^)]*)\))?`, 'i');
const UPDATE = new RegExp(String.raw`^\s*UPDATE\s+${TABLE}(?:\s+(?:AS\s+)?\w+)?\s+SET\s+(.*)$`, 'is');
const DELETE = new RegExp(String.raw`^\s*DELETE\s+FROM\s+${TABLE}`, 'i');

/** Reads a statement as far as counting needs it; undefined for what it cannot read. */
export function dmlShape(sql: string): DmlShape | undefined {
  const text = sql.replace(COMMENT, ' ').replace(LITERAL, "''");
  const [, inserted, columns] = INSERT.exec(text) ?? [];
  if (inserted !== undefined) return { table: inserted, columns: columns?.split(',').map(nameOf), isDelete: false };
  const [, updated, assignments = ''] = UPDATE.exec(text) ?? [];
  if (updated !== undefined) return { table: updated, columns: assignedColumns(assignments), isDelete: false };
  const emptied = DELETE.exec(text)?.[1];
  return emptied === undefined ? undefined : { table: emptied, columns: undefined, isDelete: true };
}

/** The columns before the "=" of each assignment, whatever parentheses hold. */
function assignedColumns(assignments: string): string[] {
  let flat = assignments;
  for (let before = ''; before !== flat; ) {
    before = flat;
    flat = flat.replace(/\([^()]*\)/g, '');
  }
  const [list = ''] = flat.split(/\b(?:WHERE|RETURNING)\b/i);
  return list.split(',').map((assignment) => nameOf(assignment.replace(/=.*/s, '')));
}

function nameOf(written: string): string {
  const name = written.trim();
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}
