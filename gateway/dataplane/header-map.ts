import type { HeaderMap } from '../wasm-host/host.ts';

/**
 * Headers as one flat list of names and values, in order, duplicates kept: the form that node:http and node:http2 give and take, so that a
 * header costs no allocation. Names are lower case; pseudo headers stand first, as HTTP/2 demands.
 */
export class Headers implements HeaderMap {
  /** name, value, name, value… */
  readonly list: string[];

  constructor(list: string[] = []) {
    this.list = list;
  }

  /** Number of pairs. */
  get size(): number {
    return this.list.length >> 1;
  }

  get(name: string): string | undefined {
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) return list[i + 1];
    return undefined;
  }

  /** All values of a name joined by a comma, as Envoy's matchers see them; undefined where there is none. */
  getAll(name: string): string | undefined {
    const list = this.list;
    let value: string | undefined;
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) value = value === undefined ? list[i + 1] : `${value},${list[i + 1]}`;
    return value;
  }

  /** How often a name occurs. */
  count(name: string): number {
    const list = this.list;
    let count = 0;
    for (let i = 0; i < list.length; i += 2) if (list[i] === name) count++;
    return count;
  }

  set(name: string, value: string): void {
    const list = this.list;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== name) continue;
      list[i + 1] = value;
      this.#removeFrom(i + 2, name);
      return;
    }
    if (name.charCodeAt(0) === 58) list.unshift(name, value);
    else list.push(name, value);
  }

  add(name: string, value: string): void {
    this.list.push(name, value);
  }

  remove(name: string): void {
    this.#removeFrom(0, name);
  }

  #removeFrom(start: number, name: string): void {
    const list = this.list;
    let kept = start;
    for (let i = start; i < list.length; i += 2) {
      if (list[i] === name) continue;
      if (kept !== i) {
        list[kept] = list[i]!;
        list[kept + 1] = list[i + 1]!;
      }
      kept += 2;
    }
    list.length = kept;
  }

  /** Removes every header that the predicate names. */
  removeWhere(predicate: (name: string) => boolean): void {
    const list = this.list;
    let kept = 0;
    for (let i = 0; i < list.length; i += 2) {
      if (predicate(list[i]!)) continue;
      list[kept++] = list[i]!;
      list[kept++] = list[i + 1]!;
    }
    list.length = kept;
  }

  *entries(): IterableIterator<readonly [string, string]> {
    for (let i = 0; i < this.list.length; i += 2) yield [this.list[i]!, this.list[i + 1]!];
  }

  copy(): Headers {
    return new Headers(this.list.slice());
  }
}
