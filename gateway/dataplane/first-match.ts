import type { Headers } from './header-map.ts';
import type { PathAndHeadersMatch } from './matchers.ts';

/** A list of matches of which the first counts; those of one exact path are found by it. */
export class FirstMatch<T extends PathAndHeadersMatch> {
  readonly #items: readonly T[];
  readonly #others: readonly number[];
  readonly #exact = new Map<string, number[]>();

  constructor(items: readonly T[]) {
    this.#items = items;
    const others: number[] = [];
    for (const [index, item] of items.entries()) {
      if (item.exactPath === undefined) others.push(index);
      else if (this.#exact.has(item.exactPath)) this.#exact.get(item.exactPath)!.push(index);
      else this.#exact.set(item.exactPath, [index]);
    }
    this.#others = others;
  }

  match(path: string, headers: Headers): T | undefined {
    const items = this.#items;
    let limit = items.length;
    for (const index of this.#exact.get(path) ?? []) {
      if (!items[index]!.matches(path, headers)) continue;
      limit = index;
      break;
    }
    for (const index of this.#others) {
      if (index > limit) break;
      if (items[index]!.matches(path, headers)) return items[index];
    }
    return items[limit];
  }
}
