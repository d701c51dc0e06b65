import type { Metric } from './host.ts';

const kinds = ['counter', 'gauge', 'histogram'] as const;

/** Metrics that the plugins of one VM defined. Outlives the VM: a reload goes on where the old one stopped, as Envoy's stats do. */
export class MetricStore {
  readonly #names: string[] = [];
  readonly #kinds: number[] = [];
  #values = new BigInt64Array(16);

  /** The id of a metric, the same one for the same name; undefined for an unknown kind or a name that is taken by another kind. */
  define(kind: number, name: string): number | undefined {
    if (kind < 0 || kind >= kinds.length) return undefined;
    const known = this.#names.indexOf(name);
    if (known >= 0) return this.#kinds[known] === kind ? known + 1 : undefined;
    this.#names.push(name);
    this.#kinds.push(kind);
    if (this.#names.length > this.#values.length) {
      const values = new BigInt64Array(this.#values.length * 2);
      values.set(this.#values);
      this.#values = values;
    }
    return this.#names.length;
  }

  /** Adds to a counter (never less than nothing) or a gauge. */
  increment(id: number, offset: bigint): boolean {
    const kind = this.#kinds[id - 1];
    if (kind === undefined || kind > 1 || (kind === 0 && offset < 0n)) return false;
    this.#values[id - 1]! += offset;
    return true;
  }

  /** Sets a gauge, adds to a counter; a histogram keeps its last value. */
  record(id: number, value: bigint): boolean {
    const kind = this.#kinds[id - 1];
    if (kind === undefined) return false;
    if (kind === 0) return this.increment(id, value);
    this.#values[id - 1] = value;
    return true;
  }

  get(id: number): bigint | undefined {
    return this.#kinds[id - 1] === 2 ? undefined : this.#values[id - 1 < this.#names.length ? id - 1 : -1];
  }

  list(): readonly Metric[] {
    return this.#names.map((name, index) => ({ name, kind: kinds[this.#kinds[index]!]!, value: this.#values[index]! }));
  }
}
