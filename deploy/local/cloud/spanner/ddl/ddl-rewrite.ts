import { invalidArgument } from '../api/spanner-failure.ts';

/** What PostgreSQL is asked to do for one DDL statement of Spanner. */
export interface RewrittenDdl {
  /** The statement without what only Spanner knows, undefined where nothing remains. */
  readonly text: string | undefined;
  /** A table that lives inside a parent: its rows refer to the parent's by the parent's primary key. */
  readonly interleave: { readonly table: string; readonly parent: string; readonly cascade: boolean } | undefined;
}

const IDENTIFIER = String.raw`(?:"(?:[^"]|"")+"|[a-z_][\w$]*)`;
const QUALIFIED = `${IDENTIFIER}(?:\\.${IDENTIFIER})?`;

const INTERLEAVE = new RegExp(
  String.raw`,?\s*\bINTERLEAVE\s+IN\s+(PARENT\s+)?(${QUALIFIED})(?:\s+ON\s+DELETE\s+(CASCADE|NO\s+ACTION))?`,
  'i',
);
const TTL = /,?\s*\bTTL\s+INTERVAL\s+'[^']*'\s+ON\s+(?:"(?:[^"]|"")+"|\w+)/i;
const CREATE_TABLE = new RegExp(String.raw`^CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(${QUALIFIED})`, 'i');

/** Statements that change nothing that a local server has: change streams, placement, time to live, optimizer settings, locality groups. */
const WITHOUT_EFFECT = [
  /^(?:CREATE|ALTER|DROP)\s+CHANGE\s+STREAM\b/i,
  /^ALTER\s+DATABASE\b/i,
  /^ALTER\s+TABLE\s+\S+\s+(?:ADD|ALTER|DROP)\s+TTL\b/i,
  /^(?:CREATE|ALTER|DROP)\s+LOCALITY\s+GROUP\b/i,
  /^ANALYZE\b/i,
];

const DDL = /^(?:CREATE|ALTER|DROP|GRANT|REVOKE|RENAME|ANALYZE)\b/i;

/**
 * Rewrites one DDL statement of Spanner's PostgreSQL dialect for PostgreSQL.
 * https://cloud.google.com/spanner/docs/reference/postgresql/data-definition-language
 *
 * @throws {SpannerFailure} INVALID_ARGUMENT for what is no DDL.
 */
export function rewriteDdl(statement: string): RewrittenDdl {
  const text = statement.replace(/^(?:\s+|--[^\n]*(?:\n|$)|\/\*.*?\*\/)+/s, '').replace(/[\s;]+$/, '');
  if (!DDL.test(text)) throw invalidArgument(`this is no DDL statement: ${text.slice(0, 80)}`);
  if (WITHOUT_EFFECT.some((pattern) => pattern.test(text))) return { text: undefined, interleave: undefined };
  const table = CREATE_TABLE.exec(text)?.[1];
  const [, isInParent, parent, onDelete = ''] = INTERLEAVE.exec(text) ?? [];
  const isChild = isInParent !== undefined && parent !== undefined && table !== undefined;
  return {
    text: text.replace(INTERLEAVE, '').replace(TTL, ''),
    interleave: isChild ? { table, parent, cascade: /^CASCADE$/i.test(onDelete) } : undefined,
  };
}
