import { UsageError } from '../../services/platform/tools/command-line.ts';

/** What PostgreSQL and Spanner take as a name only between quotes. */
const sqlWords = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between binary both by case cast check collate collation column concurrently constraint
  create cross current default deferrable desc distinct do else end except exists extract false fetch for foreign freeze from full grant group grouping having
  if ilike in information initially inner intersect interval into is isnull join lateral leading left like limit natural new no not notnull null offset old on
  only or order outer overlaps partition placing primary public references returning right rows select session similar some spanner symmetric system table
  then to trailing true union unique user using variadic verbose when where window with within`.split(/\s+/),
);

/** A service's name would be an ID of a service account with the product's before it, and Google takes 30 characters. */
const maxServiceName = 20;

/** Folders, schemas and hosts that are not a service's. */
const taken = new Set(['platform', 'event', 'kumiko', 'edge', 'jobs', 'spanner', 'cloud', 'pubsub', 'tasks', 'scheduler', 'test', 'tests']);

/** @throws {UsageError} */
export function checkServiceName(name: string): void {
  if (!/^[a-z][a-z0-9]*$/.test(name) || name.length > maxServiceName) {
    throw new UsageError(
      `"${name}" cannot be the name of a service: it is a proto package, a schema and a folder, so 1 to ${maxServiceName} of a-z and 0-9, a letter first`,
    );
  }
  if (sqlWords.has(name))
    throw new UsageError(`"${name}" cannot be the name of a service: it is a word of SQL, and the schema has this name`);
  if (taken.has(name)) throw new UsageError(`"${name}" cannot be the name of a service: the platform has something of this name`);
}

/** @throws {UsageError} */
export function checkResourceName(name: string): void {
  if (!/^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$/.test(name) || name.length > 40) {
    throw new UsageError(`"${name}" cannot be the name of a resource: write one such as "review" or "gift-card", in the singular`);
  }
  const table = snakeOf(pluralOf(name));
  if (sqlWords.has(table) || ['outbox', 'inbox', 'requests'].includes(table)) {
    throw new UsageError(`"${name}" cannot be the name of a resource: its table would be called "${table}"`);
  }
}

/** What JavaScript has in every object: the generated client would call it otherwise. */
const objectMembers = new Set(['Constructor', 'ToString', 'ToJSON', 'ValueOf']);

/** @throws {UsageError} */
export function checkMethodName(name: string): void {
  if (!/^[A-Z][A-Za-z0-9]*$/.test(name) || name.length > 60 || objectMembers.has(name)) {
    throw new UsageError(`"${name}" cannot be the name of a method: write a verb and a noun such as "GetDealStats"`);
  }
}

/** "gift-card" as "GiftCard". */
export function pascalOf(kebab: string): string {
  return kebab.replaceAll(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** "gift-card" and "GiftCard" as "giftCard". */
export function camelOf(name: string): string {
  const pascal = pascalOf(name);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** "gift-card" as "gift_card". */
export function snakeOf(kebab: string): string {
  return kebab.replaceAll('-', '_');
}

/** "GetDealStats" as "get-deal-stats": as triggers.ts names the cloud's resources. */
export function kebabOf(pascal: string): string {
  return pascal.replaceAll(/(?<!^)([A-Z])/g, '-$1').toLowerCase();
}

/** "review" as "reviews": regular nouns only. */
export function pluralOf(singular: string): string {
  if (/[^aeiou]y$/.test(singular)) return `${singular.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/.test(singular) ? `${singular}es` : `${singular}s`;
}

/** "reviews" as "review"; what is no regular plural stays as it is. */
export function singularOf(name: string): string {
  const shorter = [name.replace(/ies$/, 'y'), name.replace(/es$/, ''), name.replace(/s$/, '')];
  return shorter.find((candidate) => candidate !== name && candidate !== '' && pluralOf(candidate) === name) ?? name;
}
