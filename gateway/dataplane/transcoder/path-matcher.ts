import type { HttpTemplate } from './http-template.ts';

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  single: Node<T> | undefined;
  double: Node<T> | undefined;
  value: T | undefined;
  /** Two templates of one shape: neither is reachable, as in Envoy's library. */
  ambiguous: boolean;
}

/** Finds the method of a path: at each segment a literal wins over "*", "*" over "**", with full backtracking. */
export class PathMatcher<T> {
  readonly #roots = new Map<string, Node<T>>();
  readonly #verbs = new Set<string>();
  readonly #matchUnregisteredVerb: boolean;

  constructor(matchUnregisteredVerb: boolean) {
    this.#matchUnregisteredVerb = matchUnregisteredVerb;
  }

  add(httpMethod: string, template: HttpTemplate, value: T): void {
    if (template.verb !== '') this.#verbs.add(template.verb);
    const key = `${httpMethod}:${template.verb}`;
    let node = this.#roots.get(key);
    if (node === undefined) {
      node = newNode();
      this.#roots.set(key, node);
    }
    for (const segment of template.segments) node = child(node, segment);
    if (node.value !== undefined) node.ambiguous = true;
    node.value = value;
  }

  /** The value and the path's segments, verb cut off; undefined where no template matches. */
  match(httpMethod: string, path: string): { readonly value: T; readonly segments: readonly string[] } | undefined {
    const slash = path.lastIndexOf('/');
    const colon = path.lastIndexOf(':');
    let verb = '';
    let end = path.length;
    if (colon > slash) {
      const candidate = path.slice(colon + 1);
      if (this.#verbs.has(candidate) || this.#matchUnregisteredVerb) {
        verb = candidate;
        end = colon;
      }
    }
    const segments = path.slice(1, end).split('/');
    while (segments.length > 0 && segments.at(-1) === '') segments.pop();
    for (const method of [httpMethod, '*']) {
      const root = this.#roots.get(`${method}:${verb}`);
      const found = root === undefined ? undefined : find(root, segments, 0);
      if (found !== undefined) return { value: found, segments };
    }
    return undefined;
  }
}

function newNode<T>(): Node<T> {
  return { literals: new Map(), single: undefined, double: undefined, value: undefined, ambiguous: false };
}

function child<T>(node: Node<T>, segment: string): Node<T> {
  if (segment === '*') {
    node.single ??= newNode();
    return node.single;
  }
  if (segment === '**') {
    node.double ??= newNode();
    return node.double;
  }
  let next = node.literals.get(segment);
  if (next === undefined) {
    next = newNode();
    node.literals.set(segment, next);
  }
  return next;
}

function find<T>(node: Node<T>, segments: readonly string[], index: number): T | undefined {
  if (index === segments.length) {
    if (node.value !== undefined) return node.ambiguous ? undefined : node.value;
    return node.double === undefined ? undefined : find(node.double, segments, index);
  }
  const literal = node.literals.get(segments[index]!);
  if (literal !== undefined) {
    const found = find(literal, segments, index + 1);
    if (found !== undefined) return found;
  }
  if (node.single !== undefined) {
    const found = find(node.single, segments, index + 1);
    if (found !== undefined) return found;
  }
  if (node.double !== undefined) {
    for (let next = index; next <= segments.length; next++) {
      const found = find(node.double, segments, next);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
