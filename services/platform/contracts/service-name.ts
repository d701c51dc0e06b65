/** What PostgreSQL and Spanner take as a name only between quotes. */
export const sqlWords = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between binary both by case cast check collate collation column concurrently constraint
  create cross current default deferrable desc distinct do else end except exists extract false fetch for foreign freeze from full grant group grouping having
  if ilike in information initially inner intersect interval into is isnull join lateral leading left like limit natural new no not notnull null offset old on
  only or order outer overlaps partition placing primary public references returning right rows select session similar some spanner symmetric system table
  then to trailing true union unique user using variadic verbose when where window with within`.split(/\s+/),
);

/** What has a service account beside the services: gateways, what presents itself for triggers, what deploys. */
const accounts = ['edge', 'jobs', 'pubsub', 'tasks', 'scheduler', 'deploy', 'preview'];

/** What is no service's: folders beside those of services, and what else listens on one machine by a name. */
const others = ['platform', 'event', 'test', 'tests', 'cloud', 'spanner', 'issuer', 'clock', 'traces', 'console'];

const taken = new Set([...accounts, ...others]);

/** Google takes 30 characters for the ID of a service account, which has the product's name and a hyphen before the service's. */
const longestAccountId = 30;

/** Why a name is none for a service of the product; undefined where it may be. */
export function nameFault(name: string, product: string): string | undefined {
  const longest = longestAccountId - product.length - 1;
  if (!/^[a-z][a-z0-9]*$/.test(name) || name.length > longest) {
    return `"${name}" cannot be the name of a service: it is a proto package, a schema and a folder, so 1 to ${longest} of a-z and 0-9, a letter first`;
  }
  if (sqlWords.has(name)) return `"${name}" cannot be the name of a service: it is a word of SQL, and the schema has this name`;
  if (taken.has(name) || name === product) return `"${name}" cannot be the name of a service: the platform has something of this name`;
  return undefined;
}
