/** What a statement may do, from its first word. What PostgreSQL would do beyond that, its own read-only mode refuses. */
type StatementKind = 'query' | 'dml' | 'other';

const COMMENT_OR_SPACE = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*.*?\*\/|\()+/s;

/** DML inside or after WITH: PostgreSQL has it, Spanner does not. */
const DML_OF_WITH = /(?:\bAS\s+(?:(?:NOT\s+)?MATERIALIZED\s+)?\(|\))\s*(?:INSERT|UPDATE|DELETE|MERGE)\b/i;

/** The kind of a statement in the PostgreSQL dialect, after comments and hints. */
export function statementKind(sql: string): StatementKind {
  const text = sql.replace(COMMENT_OR_SPACE, '');
  const word = /^[a-z]+/i.exec(text)?.[0].toUpperCase();
  switch (word) {
    case 'SELECT':
    case 'VALUES':
      return 'query';
    case 'WITH':
      return DML_OF_WITH.test(text) ? 'other' : 'query';
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
      return 'dml';
    default:
      return 'other';
  }
}
