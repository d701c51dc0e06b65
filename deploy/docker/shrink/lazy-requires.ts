/**
 * The packages whose modules require each other when something of theirs is first used, not when they are loaded: Google's clients are hundreds of modules, of
 * which a service that reads and writes a database uses a third. All are compiled by TypeScript, whose output looks alike.
 */
const packages = [
  '@google-cloud/',
  '@opentelemetry/',
  'gaxios/',
  'gcp-metadata/',
  'google-auth-library/',
  'google-gax/',
  'google-logging-utils/',
  'grpc-gcp/',
  'retry-request/',
  'teeny-request/',
];

/** `const name_1 = require("…")` at the start of a line. TypeScript adds the number to what it names itself, so nothing else has such a name. */
const topLevelRequire = /^(?:const|var) (\w+_\d+) = ((?:__import(?:Default|Star)\()?require\((["'])(?!node:)[^"']+\3\)\)?);$/gm;

/** The source of a module with its requires put off. `inside` is its path in node_modules. */
export function withLazyRequires(source: string, inside: string): string {
  if (!packages.some((name) => inside.startsWith(name) || inside.includes(`/node_modules/${name}`))) return source;
  const required: string[] = [];
  const declared = source.replaceAll(topLevelRequire, (_, name: string, load: string) => {
    required.push(name);
    return `var ${name}$loaded; function ${name}$() { return (${name}$loaded ??= ${load}); }`;
  });
  if (required.length === 0) return source;
  return declared.replaceAll(new RegExp(`(?<![\\w$.])(?:${required.join('|')})\\b(?!\\$)`, 'g'), '($&$$())');
}
