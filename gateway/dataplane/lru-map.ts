interface Entry<V> {
  readonly key: string;
  readonly value: V;
  before: Entry<V> | undefined;
  after: Entry<V> | undefined;
}

/**
 * Keeps at most `capacity` values, those that were used last. The order is a list of its own, because a Map that is written at each use is rebuilt all the
 * time, and its garbage grows old (see IdTable).
 */
export class LruMap<V> {
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry<V>>();
  #oldest: Entry<V> | undefined;
  #newest: Entry<V> | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry !== this.#newest) {
      this.#unlink(entry);
      this.#append(entry);
    }
    return entry.value;
  }

  set(key: string, value: V): void {
    this.#remove(this.#entries.get(key));
    const entry: Entry<V> = { key, value, before: undefined, after: undefined };
    this.#entries.set(key, entry);
    this.#append(entry);
    if (this.#entries.size > this.#capacity) this.#remove(this.#oldest);
  }

  #remove(entry: Entry<V> | undefined): void {
    if (entry === undefined) return;
    this.#entries.delete(entry.key);
    this.#unlink(entry);
  }

  #append(entry: Entry<V>): void {
    entry.before = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.after = entry;
    this.#newest = entry;
  }

  #unlink(entry: Entry<V>): void {
    if (entry.before === undefined) this.#oldest = entry.after;
    else entry.before.after = entry.after;
    if (entry.after === undefined) this.#newest = entry.before;
    else entry.after.before = entry.before;
    entry.before = undefined;
    entry.after = undefined;
  }
}
