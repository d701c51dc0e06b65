import { invalidArgument } from '../google-api/api-error.ts';

/** Whether a subscription wants a message with these attributes. */
export type Filter = (attributes: Readonly<Record<string, string>>) => boolean;

const tokenPattern = /\s*(?:(?<text>"(?:[^"\\]|\\.)*")|(?<symbol>!=|[=:().,-])|(?<word>[A-Za-z_][\w-]*))/y;

/**
 * Compiles a subscription's filter: https://cloud.google.com/pubsub/docs/subscription-message-filter
 * `attributes:k`, `attributes.k = "v"`, `attributes.k != "v"`, `hasPrefix(attributes.k, "p")`, NOT or -, AND, OR, parentheses.
 * AND and OR do not mix without parentheses. An empty filter takes everything.
 *
 * @throws ApiError INVALID_ARGUMENT, naming the place.
 */
export function compileFilter(source: string): Filter {
  if (source.trim() === '') return () => true;
  if (Buffer.byteLength(source) > 256) throw invalidArgument('filter: at most 256 bytes');
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  readonly #tokens: string[];
  #next = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  parse(): Filter {
    const filter = this.#expression();
    if (this.#peek() !== undefined) this.#fail('the end');
    return filter;
  }

  #expression(): Filter {
    const first = this.#term();
    const terms = [first];
    const operator = this.#peek();
    if (operator !== 'AND' && operator !== 'OR') return first;
    while (this.#accept(operator)) terms.push(this.#term());
    if (this.#peek() === 'AND' || this.#peek() === 'OR') this.#fail('parentheses between AND and OR');
    return operator === 'AND' ? (a) => terms.every((term) => term(a)) : (a) => terms.some((term) => term(a));
  }

  #term(): Filter {
    if (this.#accept('NOT') || this.#accept('-')) {
      const negated = this.#term();
      return (attributes) => !negated(attributes);
    }
    if (this.#accept('(')) {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (this.#accept('hasPrefix')) {
      this.#expect('(');
      this.#expect('attributes');
      this.#expect('.');
      const key = this.#key();
      this.#expect(',');
      const prefix = this.#text();
      this.#expect(')');
      return (attributes) => attributeOf(attributes, key)?.startsWith(prefix) ?? false;
    }
    this.#expect('attributes');
    if (this.#accept(':')) {
      const key = this.#key();
      return (attributes) => attributeOf(attributes, key) !== undefined;
    }
    this.#expect('.');
    const key = this.#key();
    if (this.#accept('!=')) {
      const value = this.#text();
      return (attributes) => attributeOf(attributes, key) !== value;
    }
    this.#expect('=');
    const value = this.#text();
    return (attributes) => attributeOf(attributes, key) === value;
  }

  #key(): string {
    const token = this.#peek();
    if (token?.startsWith('"')) return this.#text();
    if (token === undefined || !/^\w/.test(token)) this.#fail('an attribute key');
    this.#next += 1;
    return token;
  }

  #text(): string {
    const token = this.#peek();
    if (!token?.startsWith('"')) this.#fail('a text in double quotes');
    this.#next += 1;
    return token.slice(1, -1).replace(/\\(.)/g, '$1');
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next];
  }

  #accept(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#next += 1;
    return true;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) this.#fail(`"${token}"`);
  }

  #fail(wanted: string): never {
    throw invalidArgument(`filter: expected ${wanted} instead of ${this.#peek() ?? 'the end'} in: ${this.#source}`);
  }
}

function tokenize(source: string): string[] {
  const tokens: string[] = [];
  const text = source.trimEnd();
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const from = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (match === null) throw invalidArgument(`filter: cannot read from character ${from + 1}: ${source}`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

function attributeOf(attributes: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(attributes, key) ? attributes[key] : undefined;
}
