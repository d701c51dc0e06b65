import type { ExpectedHeaders } from './conformance-case.ts';

/** What is wrong with headers or trailers; `what` names them. */
export function compareHeaders(what: string, expected: ExpectedHeaders, actual: ReadonlyMap<string, string>): string[] {
  return Object.entries(expected).flatMap(([name, wanted]) => {
    const value = actual.get(name);
    const fits =
      wanted === null ? value === undefined : wanted instanceof RegExp ? value !== undefined && wanted.test(value) : value === wanted;
    return fits ? [] : [`${what} ${name}: ${JSON.stringify(value)}, not ${wanted instanceof RegExp ? wanted : JSON.stringify(wanted)}`];
  });
}
