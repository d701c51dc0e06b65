/** What is wrong with a bootstrap, and where. */
export interface Fault {
  /** Such as "static_resources.clusters[2].name"; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** The path of a field or, with a number, of an item. */
export function join(path: string, next: string | number): string {
  if (typeof next === 'number') return `${path}[${next}]`;
  const plain = /^[A-Za-z_@][A-Za-z0-9_@]*$/.test(next);
  if (!plain) return `${path}["${next}"]`;
  return path === '' ? next : `${path}.${next}`;
}
