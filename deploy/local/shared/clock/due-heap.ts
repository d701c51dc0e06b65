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
    let index = items.push({ at, order: this.#arrivals++, value }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(items[index]!, items[parent]!)) break;
      [items[index], items[parent]] = [items[parent]!, items[index]!];
      index = parent;
    }
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
    items[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let least = index;
      if (left < items.length && before(items[left]!, items[least]!)) least = left;
      if (right < items.length && before(items[right]!, items[least]!)) least = right;
      if (least === index) return;
      [items[index], items[least]] = [items[least]!, items[index]!];
      index = least;
    }
  }
}

function before<T>(a: Item<T>, b: Item<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
