const leastCapacity = 64;

/**
 * What is open now, by numbers from 1 on that are used once: streams, contexts.
 *
 * A Map would do but for its garbage: each time it is rebuilt, which under such use it is all the time, V8 leaves the old table pointing at the new one,
 * for iterators that are under way. Once one old table has grown old itself, it keeps all later ones alive until the next major collection, and with
 * them most of what was ever open.
 */
export class IdTable<T extends object> {
  /** Open addressing: an id stands at its place or behind it, before the next gap (0). */
  #ids = new Array<number>(leastCapacity).fill(0);
  #values = new Array<T | undefined>(leastCapacity).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  get(id: number): T | undefined {
    return this.#values[this.#find(id)];
  }

  /** Adds an id that is not there yet. */
  add(id: number, value: T): void {
    if (this.#size * 2 >= this.#ids.length) this.#grow();
    const at = this.#find(id);
    this.#ids[at] = id;
    this.#values[at] = value;
    this.#size++;
  }

  delete(id: number): void {
    let gap = this.#find(id);
    if (this.#values[gap] === undefined) return;
    this.#size--;
    const last = this.#ids.length - 1;
    // Those behind that would not be found beyond a gap move into it.
    for (let at = (gap + 1) & last; this.#ids[at] !== 0; at = (at + 1) & last) {
      const home = this.#ids[at]! & last;
      if (((at - home) & last) < ((at - gap) & last)) continue;
      this.#ids[gap] = this.#ids[at]!;
      this.#values[gap] = this.#values[at];
      gap = at;
    }
    this.#ids[gap] = 0;
    this.#values[gap] = undefined;
  }

  /** All that are there now, by id: a copy, so that they may be deleted meanwhile. */
  values(): T[] {
    return this.#ids
      .filter((id) => id !== 0)
      .toSorted((a, b) => a - b)
      .map((id) => this.get(id)!);
  }

  /** Where the id stands, or would. */
  #find(id: number): number {
    const ids = this.#ids;
    const last = ids.length - 1;
    let at = id & last;
    while (ids[at] !== id && ids[at] !== 0) at = (at + 1) & last;
    return at;
  }

  #grow(): void {
    const [ids, values] = [this.#ids, this.#values];
    this.#ids = new Array<number>(ids.length * 2).fill(0);
    this.#values = new Array<T | undefined>(ids.length * 2).fill(undefined);
    for (const [index, id] of ids.entries()) {
      if (id === 0) continue;
      const at = this.#find(id);
      this.#ids[at] = id;
      this.#values[at] = values[index];
    }
  }
}
