/** Writes PostgreSQL's text form of a one-dimensional array. https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
export function writeArrayLiteral(elements: readonly (string | null)[]): string {
  return `{${elements.map((element) => (element === null ? 'NULL' : `"${element.replace(/["\\]/g, '\\$&')}"`)).join()}}`;
}

/** Reads PostgreSQL's text form of a one-dimensional array. */
export function readArrayLiteral(literal: string): (string | null)[] {
  const elements: (string | null)[] = [];
  for (const [, quoted, bare = ''] of literal.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,"]+)/gs)) {
    if (quoted !== undefined) elements.push(quoted.replace(/\\(.)/gs, '$1'));
    else elements.push(bare === 'NULL' ? null : bare);
  }
  return elements;
}
