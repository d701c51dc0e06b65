import type { PreviewResource } from './preview-resource.ts';

/** What is sent to a client at once. */
export interface Update {
  readonly resources: readonly PreviewResource[];
  /** Names of what there is not, or no longer. */
  readonly removed: readonly string[];
}

/** What a client asks for, has, and has still to be told. One update is under way at a time: a client that does not answer holds up nobody, and nothing piles up. */
export class Subscription {
  /** Undefined: the client has every one. */
  #names: Set<string> | undefined = new Set();
  /** The version that the client has of each. */
  readonly #has: Map<string, string>;
  /** Names to be told of. */
  #dirty = new Set<string>();
  /** To be sent one by one: an Envoy has refused some of them, and not said which. */
  #singles: string[] = [];
  #underWay: Update | undefined;
  /** A client that asks for something is answered, even where there is nothing to say. */
  #owesAnswer = false;

  /** @param has what the client says that it has from before, by name. */
  constructor(has: Readonly<Record<string, string>> = {}) {
    this.#has = new Map(Object.entries(has));
  }

  get underWay(): Update | undefined {
    return this.#underWay;
  }

  /** The client asks for every one there is. */
  subscribeAll(known: Iterable<string>): void {
    this.#names = undefined;
    this.#owesAnswer = true;
    this.touch([...known, ...this.#has.keys()]);
  }

  subscribe(names: readonly string[]): void {
    if (this.#names === undefined) return;
    for (const name of names) {
      this.#names.add(name);
      this.#dirty.add(name);
      // It is asked for anew, so it is told anew, be it that there is none.
      if (!this.#has.has(name)) this.#has.set(name, '');
    }
    this.#owesAnswer = true;
  }

  unsubscribe(names: readonly string[]): void {
    for (const name of names) {
      this.#names?.delete(name);
      this.#dirty.delete(name);
      this.#has.delete(name);
    }
  }

  /** These have changed. */
  touch(names: Iterable<string>): void {
    for (const name of names) if (this.#names === undefined || this.#names.has(name)) this.#dirty.add(name);
  }

  /** What is to be sent now, which is then under way; undefined where the client has not answered yet, or knows it all. */
  next(served: ReadonlyMap<string, PreviewResource>): Update | undefined {
    if (this.#underWay !== undefined) return undefined;
    const single = this.#singles.shift();
    const names = single === undefined ? [...this.#dirty] : [single];
    if (single === undefined) this.#dirty = new Set();
    const resources: PreviewResource[] = [];
    const removed: string[] = [];
    for (const name of names) {
      const resource = served.get(name);
      if (resource === undefined) {
        if (this.#has.has(name)) removed.push(name);
      } else if (this.#has.get(name) !== resource.version) resources.push(resource);
    }
    if (resources.length + removed.length === 0 && !this.#owesAnswer) return single === undefined ? undefined : this.next(served);
    this.#owesAnswer = false;
    this.#underWay = { resources, removed };
    return this.#underWay;
  }

  /** The client has taken what was under way, but for these. */
  answered(refused: readonly PreviewResource[] = []): void {
    for (const resource of this.#underWay?.resources ?? []) if (!refused.includes(resource)) this.#has.set(resource.name, resource.version);
    for (const name of this.#underWay?.removed ?? []) this.#has.delete(name);
    this.#underWay = undefined;
  }

  /** The client has refused what was under way, and not said what of it: each is sent again alone. */
  split(): void {
    this.#singles.push(...(this.#underWay?.resources ?? []).map(({ name }) => name));
    for (const name of this.#underWay?.removed ?? []) this.#dirty.add(name);
    this.#underWay = undefined;
  }
}
