/** What a statement may do, from its first word. What PostgreSQL would do beyond that, its own read-only mode refuses. */
export type StatementKind = 'query' | 'dml' | 'other';

const COMMENT_OR_SPACE = /^(?:\s+|--[^\n]*(?:\n|$)|\/\*.*?\*\/|\()+/s;

/** The kind of a statement in the PostgreSQL dialect, after comments and hints. */
export function statementKind(sql: string): StatementKind {
  const word = /^[a-z]+/i.exec(sql.replace(COMMENT_OR_SPACE, ''))?.[0].toUpperCase();
  switch (word) {
    case 'SELECT':
    case 'WITH':
    case 'VALUES':
    case 'TABLE':
    case 'SHOW':
    case 'EXPLAIN':
      return 'query';
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
      return 'dml';
    default:
      return 'other';
  }
}
