import type { HeaderMap } from './host.ts';

/** A plain header map, for calls that a plugin starts. */
export class HeaderList implements HeaderMap {
  #pairs: (readonly [string, string])[];

  constructor(pairs: readonly (readonly [string, string])[]) {
    this.#pairs = [...pairs];
  }

  get size(): number {
    return this.#pairs.length;
  }

  get(name: string): string | undefined {
    return this.#pairs.find(([key]) => key === name)?.[1];
  }

  set(name: string, value: string): void {
    this.remove(name);
    this.add(name, value);
  }

  add(name: string, value: string): void {
    this.#pairs.push([name, value]);
  }

  remove(name: string): void {
    this.#pairs = this.#pairs.filter(([key]) => key !== name);
  }

  entries(): Iterable<readonly [string, string]> {
    return this.#pairs;
  }
}
