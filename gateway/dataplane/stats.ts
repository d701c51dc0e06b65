/** Counters and gauges by Envoy's name; a name may carry Prometheus labels: `name{a="b"}`. */
export class Stats {
  readonly #values = new Map<string, { value: number; kind: 'counter' | 'gauge' }>();

  readonly #collectors: (() => void)[] = [];

  /** Called before metrics are read: for values that are kept elsewhere. */
  onCollect(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** The counter of that name, to be kept by who counts, so that counting is one addition. */
  counter(name: string): { value: number } {
    return this.#entry(name, 'counter');
  }

  gauge(name: string): { value: number } {
    return this.#entry(name, 'gauge');
  }

  #entry(name: string, kind: 'counter' | 'gauge'): { value: number } {
    let entry = this.#values.get(name);
    if (entry === undefined) {
      entry = { value: 0, kind };
      this.#values.set(name, entry);
    }
    return entry;
  }

  /** The Prometheus text format. */
  prometheus(): string {
    for (const collect of this.#collectors) collect();
    const lines: string[] = [];
    const typed = new Set<string>();
    for (const [name, { value, kind }] of [...this.#values].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const family = name.split('{')[0]!;
      if (!typed.has(family)) lines.push(`# TYPE ${family} ${kind}`);
      typed.add(family);
      lines.push(`${name} ${value}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
