/** Headers in order, found in any case. */
export class HeaderList {
  #pairs: (readonly [string, string])[];

  constructor(pairs: readonly (readonly [string, string])[]) {
    this.#pairs = pairs.map(([name, value]) => [canonical(name), value]);
  }

  get size(): number {
    return this.#pairs.length;
  }

  /** The first value. */
  get(name: string): string | undefined {
    return this.#pairs.find(([key]) => key === canonical(name))?.[1];
  }

  /** Leaves one value, behind all other headers. */
  replace(name: string, value: string): void {
    this.remove(name);
    // Envoy takes a header without a name and lets it go nowhere.
    if (name !== '') this.#pairs.push([canonical(name), value]);
  }

  remove(name: string): void {
    this.#pairs = this.#pairs.filter(([key]) => key !== canonical(name));
  }

  entries(): readonly (readonly [string, string])[] {
    return this.#pairs;
  }
}

function canonical(name: string): string {
  const lower = name.toLowerCase();
  return lower === 'host' ? ':authority' : lower;
}
