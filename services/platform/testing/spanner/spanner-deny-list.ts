/** Something that PostgreSQL, and so the local Spanner's engine, takes and Spanner refuses. */
interface Denied {
  readonly pattern: RegExp;
  readonly instead: string;
}

const everywhere: readonly Denied[] = [
  { pattern: /\b(uuid|smallint|interval|serial|bigserial)\b(?!\s*')/i, instead: 'text, bigint or timestamptz' },
  { pattern: /gen_random_uuid|uuid_generate/i, instead: 'a parameter' },
];

const statements: readonly Denied[] = [
  { pattern: /\bon conflict\s+(do|on constraint)\b/i, instead: 'ON CONFLICT (<primary key>)' },
  { pattern: /\bfor (no key )?(update|share)\b/i, instead: '/*@ lock_scanned_ranges=exclusive */' },
  { pattern: /@>|<@|#>|\bjsonb_set\b|->>?\s*\$?\w+\s*\?/i, instead: '-> and ->>' },
  { pattern: /\bis (not )?distinct from\b/i, instead: '= with a case for null' },
  { pattern: /\bover\s*\(|\bfilter\s*\(/i, instead: 'a grouped subquery' },
  { pattern: /\bilike\b/i, instead: 'lower(…) LIKE' },
  { pattern: /\bwith recursive\b|\blateral\b|\bdistinct on\b/i, instead: 'more than one statement' },
  { pattern: /\bas\s*\(\s*(insert|update|delete)\b/i, instead: 'more than one statement: a CTE holds no DML' },
  { pattern: /^[\s\S]*\bupdate\b[\s\S]*\bset\b(?:(?!\bwhere\b)[^(])*\bfrom\b/i, instead: 'a subquery: UPDATE takes no FROM' },
  { pattern: /\([^()]*,[^()]*\)\s*(=|<|>|<=|>=|<>)\s*\(/, instead: 'a comparison for each column: rows are not compared' },
  { pattern: /\bunnest\s*\(\s*\$\d+\s*\)/i, instead: 'unnest($1::text[]): the emulator ends at an untyped one' },
  { pattern: /\bnow\s*\(\)|\bcurrent_(timestamp|date|time)\b/i, instead: 'a parameter: tests inject the time' },
];

const definitions: readonly Denied[] = [
  { pattern: /^\s*create table[\s\S]*\bunique\b/i, instead: 'CREATE UNIQUE INDEX' },
  {
    pattern: /^\s*create (unique )?index[\s\S]*\bwhere\b(?!\s+\w+ is not null(\s+and\s+\w+ is not null)*\s*$)/i,
    instead: 'WHERE <column> IS NOT NULL, the one partial index there is',
  },
];

/** What Spanner would refuse in a query or DML, as far as its text tells. */
export function deniedInStatement(text: string): string[] {
  return [...denied(text, [...everywhere, ...statements]), ...deniedUpsert(text)];
}

/** What Spanner would refuse in DDL, as far as its text tells. */
export function deniedInDefinition(text: string): string[] {
  return denied(text, [...everywhere, ...definitions]);
}

function denied(text: string, list: readonly Denied[]): string[] {
  return list.flatMap(({ pattern, instead }) => {
    const found = pattern.exec(withoutLiterals(text));
    return found === null ? [] : [`${found[0].trim().slice(-60)}: use ${instead}`];
  });
}

/** DO UPDATE sets every inserted column but the key to its excluded value, and nothing else. */
function deniedUpsert(text: string): string[] {
  const upsert =
    /insert into\s+\S+\s*\(([^)]*)\)[\s\S]*on conflict\s*\(([^)]*)\)\s*do update\s+set\s+([\s\S]*?)(\breturning\b|\bwhere\b|$)/i.exec(text);
  if (upsert === null) return [];
  const names = (list: string) => list.split(',').map((name) => name.trim());
  const set = new Set(names(upsert[3] ?? '').map((assignment) => assignment.replaceAll(/\s+/g, '').toLowerCase()));
  const missing = names(upsert[1] ?? '').filter(
    (name) => !set.has(`${name}=excluded.${name}`.toLowerCase()) && !names(upsert[2] ?? '').includes(name),
  );
  if (missing.length > 0) return [`DO UPDATE leaves out ${missing.join(', ')}: set every inserted column to excluded.<column>`];
  return [...set].every((assignment) => /^(\w+)=excluded\.\1$/.test(assignment))
    ? []
    : ['DO UPDATE: set columns to excluded.<column> only'];
}

function withoutLiterals(text: string): string {
  return text.replaceAll(/'(?:[^']|'')*'/g, "''");
}
