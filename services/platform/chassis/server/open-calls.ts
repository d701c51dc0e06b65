import type { ServerCall } from './server-call.ts';

/**
 * The calls that are open. An array with free places, not a Set: a Set that always gains and loses members is copied again and again, and each old copy that
 * has grown old itself keeps the calls of that time, and the next copy, from being collected while they are young.
 */
export class OpenCalls implements Iterable<ServerCall> {
  readonly #places: (ServerCall | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#places.length - this.#free.length;
  }

  /** Tells the place, by which the call is taken out again. */
  add(call: ServerCall): number {
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = call;
    return place;
  }

  delete(place: number): void {
    this.#places[place] = undefined;
    this.#free.push(place);
  }

  *[Symbol.iterator](): Iterator<ServerCall> {
    for (const call of this.#places) if (call !== undefined) yield call;
  }
}
