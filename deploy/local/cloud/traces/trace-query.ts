/** One thing that a trace has to have. */
export type TraceTerm =
  /** In a span's name, service or attributes, or the trace's id begins with it. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'attribute'; readonly name: string; readonly value: string }
  | { readonly kind: 'service'; readonly name: string }
  /** A span that takes at least, or at most, so long. */
  | { readonly kind: 'longer' | 'shorter'; readonly us: number }
  | { readonly kind: 'failed' };

/** A question for traces that means nothing; its message says what is accepted. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

const units: ReadonlyMap<string | undefined, number> = new Map([
  ['us', 1],
  ['ms', 1_000],
  ['s', 1_000_000],
]);
const longest = 500;

/**
 * Reads a question for traces: words and "quoted texts", `key=value` for an attribute, `service:customer`, `>100ms`, `<2s`, `failed`. A trace has to have all.
 *
 * @throws {QueryError}
 */
export function parseTraceQuery(text: string): TraceTerm[] {
  if (text.length > longest) throw new QueryError(`A question has at most ${longest} characters.`);
  if ((text.match(/"/g)?.length ?? 0) % 2 === 1) throw new QueryError('A quotation mark is not closed: write "all of the text".');
  return [...text.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => termOf(word));
}

function termOf(word: string): TraceTerm {
  if (word === 'failed') return { kind: 'failed' };
  if (/^[<>]/.test(word)) return durationTerm(word);
  const service = /^service:(.*)$/.exec(word)?.[1];
  if (service !== undefined) return { kind: 'service', name: unquoted(service) };
  const [, name, value] = /^([\w.:-]+)=(.+)$/.exec(word) ?? [];
  if (name !== undefined && value !== undefined) return { kind: 'attribute', name, value: unquoted(value) };
  return { kind: 'text', text: unquoted(word) };
}

function durationTerm(word: string): TraceTerm {
  const [, sign, number, unit] = /^([<>])=?(\d+(?:\.\d+)?)(us|ms|s)$/.exec(word) ?? [];
  const unitUs = units.get(unit);
  if (number === undefined || unitUs === undefined)
    throw new QueryError(`"${word}" is no duration: write for example >100ms, <2s or >500us.`);
  return { kind: sign === '>' ? 'longer' : 'shorter', us: Number(number) * unitUs };
}

function unquoted(text: string): string {
  return text.replaceAll('"', '');
}
