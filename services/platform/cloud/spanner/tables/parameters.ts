import type { Value } from '../database.ts';

/** The names of the parameters in an SQL text: `'id' | 'limit'` for `'WHERE id > $id LIMIT $limit'`. */
export type ParameterNames<T extends string> = T extends `${string}$${infer Rest}` ? Leading<Rest> | ParameterNames<Rest> : never;

/** A value for each parameter of a text. */
export type ParameterValues<T extends string> = { readonly [K in ParameterNames<T>]: Value };

/** The name that a text begins with. */
type Leading<T extends string, Name extends string = ''> = T extends `${infer C}${infer Rest}`
  ? C extends NameCharacter
    ? Leading<Rest, `${Name}${C}`>
    : Name
  : Name;

type Letter =
  | ('a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h' | 'i' | 'j' | 'k' | 'l' | 'm')
  | ('n' | 'o' | 'p' | 'q' | 'r' | 's' | 't' | 'u' | 'v' | 'w' | 'x' | 'y' | 'z');
type NameCharacter = Letter | Uppercase<Letter> | '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';

/** An SQL text as the database takes it. */
interface Compiled {
  /** With $1, $2, … */
  readonly text: string;
  /** The name of each of them. */
  readonly names: readonly string[];
}

/** Numbers the named parameters of an SQL text in the order of their first use: `$id` becomes `$1` wherever it stands. */
export function compile(text: string): Compiled {
  const names: string[] = [];
  const compiled = text.replaceAll(/\$([A-Za-z][A-Za-z0-9]*)/g, (_, name: string) => {
    if (!names.includes(name)) names.push(name);
    return `$${names.indexOf(name) + 1}`;
  });
  return { text: compiled, names };
}
