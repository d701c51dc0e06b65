interface Item<T> {
  readonly at: number;
  readonly order: number;
  readonly value: T;
}

/** Values by the time at which they fall due, earliest first; equal times in the order of arrival. */
export class DueHeap<T> {
  #items: Item<T>[] = [];
  #arrivals = 0;

  get size(): number {
    return this.#items.length;
  }

  /** Adds a value that falls due at `at` milliseconds. */
  push(at: number, value: T): void {
    const items = this.#items;
    const item = { at, order: this.#arrivals++, value };
    let index = items.push(item) - 1;
    for (;;) {
      const above = (index - 1) >> 1;
      const parent = above < 0 ? undefined : items[above];
      if (parent === undefined || !before(item, parent)) break;
      items[index] = parent;
      index = above;
    }
    items[index] = item;
  }

  /** The earliest, or undefined when empty. */
  peek(): { readonly at: number; readonly value: T } | undefined {
    return this.#items[0];
  }

  /** Takes the earliest away. */
  pop(): void {
    const items = this.#items;
    const last = items.pop();
    if (last === undefined || items.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [items[left], items[left + 1]];
      const [below, least] = one !== undefined && other !== undefined && before(other, one) ? [left + 1, other] : [left, one];
      if (least === undefined || !before(least, last)) break;
      items[index] = least;
      index = below;
    }
    items[index] = last;
  }
}

function before<T>(a: Item<T>, b: Item<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
