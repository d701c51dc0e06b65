import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { isStorable } from '../../contracts/storable-text.ts';
import { invalidArgument, type RpcError } from '../errors/rpc-error.ts';

/** How a field may be compared. */
type Comparator = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** One field against one value: a text, a moment, or what the code has for a value of an enum ("DRAFT" for STATE_DRAFT). */
export interface Comparison {
  readonly kind: 'comparison';
  /** By its name in the proto. */
  readonly field: string;
  readonly comparator: Comparator;
  readonly value: string | Date;
}

/** What a filter says. */
export type Filter =
  | Comparison
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly part: Filter };

/** Reads the value of a field from its text. Undefined: it is none. */
interface FilterField {
  readonly comparators: readonly Comparator[];
  /** What a value is, for whoever gets it wrong. */
  readonly accepted: string;
  read(text: string): string | Date | undefined;
}

/** The fields that a filter may name. */
export type FilterFields = ReadonlyMap<string, FilterField>;

const equality: readonly Comparator[] = ['=', '!='];
const order: readonly Comparator[] = ['=', '!=', '<', '<=', '>', '>='];

/** RFC 3339, with the years that Spanner has. */
const moment = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/**
 * Some fields of a message: texts, enums and google.protobuf.Timestamp.
 *
 * @param names in the proto; of a text that names a resource with what is before its id: `{ partner: 'partners/' }`.
 */
export function filterFields(
  message: DescMessage,
  names: readonly string[],
  prefixes: Readonly<Record<string, string>> = {},
): FilterFields {
  return new Map(
    names.map((name) => {
      const field = message.fields.find((candidate) => candidate.name === name);
      if (field === undefined) throw new Error(`${message.typeName} has no field ${name}`);
      return [name, filterField(field, prefixes[name] ?? '')];
    }),
  );
}

function filterField(field: DescField, prefix: string): FilterField {
  if (field.fieldKind === 'enum') {
    const members = new Map(field.enum.values.filter(({ number }) => number !== 0).map(({ name, localName }) => [name, localName]));
    return { comparators: equality, accepted: `one of ${[...members.keys()].join(', ')}`, read: (text) => members.get(text) };
  }
  if (field.fieldKind === 'message' && field.message.typeName === 'google.protobuf.Timestamp') {
    const read = (text: string) => (moment.test(text) && !Number.isNaN(Date.parse(text)) ? new Date(text) : undefined);
    return { comparators: order, accepted: 'a time such as "2026-01-31T08:00:00Z"', read };
  }
  if (field.fieldKind !== 'scalar' || field.scalar !== ScalarType.STRING) throw new Error(`${field} is of a type that filters do not know`);
  return {
    comparators: equality,
    accepted: prefix === '' ? 'a text' : `a name such as "${prefix}…"`,
    read: (text) => (text.startsWith(prefix) && text.length > prefix.length ? text.slice(prefix.length) : undefined),
  };
}

/** As much as a list of ours has an index for. */
const mostComparisons = 20;

/**
 * Reads a filter: comparisons with AND, OR, NOT and parentheses, a subset of AIP-160 (https://google.aip.dev/160). As there, OR binds more closely than AND.
 *
 * @returns undefined for an empty one.
 * @throws {RpcError} INVALID_ARGUMENT with the position of what is wrong, counted in characters from 1.
 */
export function parseFilter(text: string, fields: FilterFields): Filter | undefined {
  return text.trim() === '' ? undefined : new Parser(text, fields).whole();
}

/** Whether a thing is what a filter asks for; `read` gives its value of a field. */
export function matches(filter: Filter, read: (field: string) => string | Date): boolean {
  switch (filter.kind) {
    case 'and':
      return filter.parts.every((part) => matches(part, read));
    case 'or':
      return filter.parts.some((part) => matches(part, read));
    case 'not':
      return !matches(filter.part, read);
    case 'comparison':
      return compares(plain(read(filter.field)), filter.comparator, plain(filter.value));
  }
}

function plain(value: string | Date): string | number {
  return value instanceof Date ? value.getTime() : value;
}

function compares(left: string | number, comparator: Comparator, right: string | number): boolean {
  switch (comparator) {
    case '=':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

interface Token {
  readonly kind: 'word' | 'text' | 'comparator' | '(' | ')' | '-' | 'end';
  /** As it was written; of a quoted text what is between the quotes. */
  readonly text: string;
  /** From 1. */
  readonly at: number;
}

const tokens =
  /\s*(?:(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<comparator>!=|<=|>=|[<>=:])|(?<bracket>[()])|(?<minus>-)|(?<word>[^\s()"'<>=!:-][^\s()"'<>=!]*))/y;

/** Recursive descent, a method for each rule of the grammar. */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #fields: FilterFields;
  #next = 0;
  #comparisons = 0;

  constructor(text: string, fields: FilterFields) {
    this.#tokens = read(text);
    this.#fields = fields;
  }

  whole(): Filter {
    const filter = this.#expression();
    const { kind, at, text } = this.#peek();
    if (kind !== 'end') throw refused(at, `“${text}” does not belong here: put AND or OR between comparisons`);
    return filter;
  }

  /** expression: factor {"AND" factor} */
  #expression(): Filter {
    return this.#joined('and', 'AND', () => this.#factor());
  }

  /** factor: term {"OR" term} */
  #factor(): Filter {
    return this.#joined('or', 'OR', () => this.#term());
  }

  #joined(kind: 'and' | 'or', word: string, part: () => Filter): Filter {
    const parts = [part()];
    while (this.#peek().kind === 'word' && this.#peek().text === word) {
      this.#next += 1;
      parts.push(part());
    }
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { kind, parts };
  }

  /** term: ["NOT" | "-"] simple */
  #term(): Filter {
    const { kind, text } = this.#peek();
    if (kind !== '-' && !(kind === 'word' && text === 'NOT')) return this.#simple();
    this.#next += 1;
    return { kind: 'not', part: this.#simple() };
  }

  /** simple: comparison | "(" expression ")" */
  #simple(): Filter {
    if (this.#peek().kind !== '(') return this.#comparison();
    const { at } = this.#take();
    const inside = this.#expression();
    const end = this.#take();
    if (end.kind !== ')') throw refused(end.at, `the parenthesis of character ${at} is not closed`);
    return inside;
  }

  /** comparison: field comparator value */
  #comparison(): Comparison {
    const { kind, text: name, at } = this.#take();
    const accepted = [...this.#fields.keys()].join(', ');
    if (kind !== 'word')
      throw refused(at, `${kind === 'end' ? 'a comparison is missing' : `“${name}” is no field`}: fields are ${accepted}`);
    const field = this.#fields.get(name);
    if (field === undefined) throw refused(at, `there is no field “${name}” to filter by: fields are ${accepted}`);
    this.#comparisons += 1;
    if (this.#comparisons > mostComparisons) throw refused(at, `a filter has at most ${mostComparisons} comparisons`);
    const written = this.#take();
    const comparator = field.comparators.find((known) => written.kind === 'comparator' && known === written.text);
    if (comparator === undefined) throw refused(written.at, `${name} is compared by one of ${field.comparators.join(' ')}`);
    return { kind: 'comparison', field: name, comparator, value: this.#value(name, field) };
  }

  #value(name: string, field: FilterField): string | Date {
    const { kind, text, at } = this.#take();
    if (kind !== 'word' && kind !== 'text') throw refused(at, `${name} is compared with ${field.accepted}`);
    if (text.includes('*')) throw refused(at, 'there are no wildcards: a value is compared as a whole');
    const value = isStorable(text) ? field.read(text) : undefined;
    if (value === undefined) throw refused(at, `${name} is compared with ${field.accepted}`);
    return value;
  }

  #peek(): Token {
    // The last token is the end, and nothing goes beyond it.
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)]!;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }
}

function read(text: string): Token[] {
  const found: Token[] = [];
  tokens.lastIndex = 0;
  const trimmed = text.trimEnd();
  while (tokens.lastIndex < trimmed.length) {
    const from = tokens.lastIndex;
    const match = tokens.exec(trimmed);
    if (match?.groups === undefined) {
      const at = from + trimmed.slice(from).search(/\S/);
      const what = /["']/.test(trimmed[at] ?? '') ? 'the quotes are not closed' : `“${trimmed[at]}” does not belong here`;
      throw refused(at + 1, what);
    }
    const { text: quoted, comparator, bracket, minus, word } = match.groups;
    const written = quoted ?? comparator ?? bracket ?? minus ?? word ?? '';
    const at = tokens.lastIndex - written.length + 1;
    if (quoted !== undefined) found.push({ kind: 'text', text: quoted.slice(1, -1).replaceAll(/\\(.)/gs, '$1'), at });
    else if (comparator !== undefined) found.push({ kind: 'comparator', text: comparator, at });
    else if (bracket !== undefined) found.push({ kind: bracket === '(' ? '(' : ')', text: bracket, at });
    else if (minus !== undefined) found.push({ kind: '-', text: minus, at });
    else found.push({ kind: 'word', text: written, at });
  }
  return [...found, { kind: 'end', text: '', at: trimmed.length + 1 }];
}

function refused(at: number, what: string): RpcError {
  return invalidArgument(`filter, character ${at}: ${what}`, [{ field: 'filter', description: `character ${at}: ${what}` }]);
}
