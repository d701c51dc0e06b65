import type { PreviewResource } from './preview-resource.ts';

/** What is sent to a client at once. */
export interface Update {
  readonly resources: readonly PreviewResource[];
  /** Names of what there is not, or no longer. */
  readonly removed: readonly string[];
}

type Served = ReadonlyMap<string, PreviewResource>;

/**
 * What a client asks for, has, and has still to be told. One update is under way at a time: a client that does not answer holds up nobody, and nothing piles
 * up, however much comes and goes until it does.
 */
export class Subscription {
  /** The client asks for every one there is. */
  #all = false;
  /** The names that it asks for. */
  readonly #names = new Set<string>();
  /** The version that the client has of each. */
  readonly #has: Map<string, string>;
  /** Names to be told of. */
  #dirty = new Set<string>();
  /** Of those, the ones to be told whatever the client has: who asks anew may have forgotten what it had. */
  readonly #anew = new Set<string>();
  /** To be sent one by one: an Envoy has refused some of them, and not said which. */
  #singles: string[] = [];
  #underWay: Update | undefined;
  #underWayNames = new Set<string>();
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
  subscribeAll(served: Served): void {
    this.#all = true;
    this.#owesAnswer = true;
    for (const name of [...served.keys(), ...this.#has.keys()]) this.#dirty.add(name);
  }

  /** The client asks for some by name, and is told of each, be it that there is none. What it `has` just said to have it does not mean. */
  subscribe(names: readonly string[], has: Readonly<Record<string, string>> = {}): void {
    for (const name of names) {
      this.#names.add(name);
      this.#dirty.add(name);
      if (has[name] === undefined) this.#anew.add(name);
    }
    this.#owesAnswer = true;
  }

  /** The client asks for every one no longer: what it has not asked for by name it forgets. */
  unsubscribeAll(): void {
    this.#all = false;
    for (const name of [...this.#has.keys(), ...this.#dirty]) if (!this.#names.has(name)) this.#forget(name);
  }

  /** Who asks for all as well cannot know whether what it no longer asks for by name is among them, and is told. */
  unsubscribe(names: readonly string[]): void {
    for (const name of names) {
      this.#names.delete(name);
      if (this.#all) {
        this.#dirty.add(name);
        this.#anew.add(name);
      } else this.#forget(name);
    }
  }

  /** These have changed. What has come and gone before the client was told of it is nothing to tell. */
  touch(names: Iterable<string>, served: Served): void {
    for (const name of names) {
      if (!this.#all && !this.#names.has(name)) continue;
      const matters = served.has(name) || this.#has.has(name) || this.#anew.has(name) || this.#underWayNames.has(name);
      if (matters) this.#dirty.add(name);
      else this.#dirty.delete(name);
    }
  }

  /** What is to be sent now, which is then under way; undefined where the client has not answered yet, or knows it all. */
  next(served: Served): Update | undefined {
    if (this.#underWay !== undefined) return undefined;
    const single = this.#singles.shift();
    const names = single === undefined ? [...this.#dirty] : [single];
    if (single === undefined) this.#dirty = new Set();
    const resources: PreviewResource[] = [];
    const removed: string[] = [];
    for (const name of names) {
      const resource = served.get(name);
      const anew = this.#anew.delete(name);
      if (resource === undefined) {
        if (anew || this.#has.has(name)) removed.push(name);
      } else if (anew || this.#has.get(name) !== resource.version) resources.push(resource);
    }
    if (resources.length + removed.length === 0 && !this.#owesAnswer) return single === undefined ? undefined : this.next(served);
    this.#owesAnswer = false;
    this.#underWay = { resources, removed };
    this.#underWayNames = new Set(resources.map(({ name }) => name));
    return this.#underWay;
  }

  /** The client has taken what was under way, but for these. */
  answered(refused: readonly PreviewResource[] = []): void {
    for (const resource of this.#underWay?.resources ?? []) if (!refused.includes(resource)) this.#has.set(resource.name, resource.version);
    for (const name of this.#underWay?.removed ?? []) this.#has.delete(name);
    this.#underWay = undefined;
    this.#underWayNames.clear();
  }

  /**
   * The client has refused what was under way, and not said what of it: each is sent again alone. What was to go is not: nothing of it can be left out, so it
   * would be refused for ever.
   */
  split(): void {
    this.#singles.push(...(this.#underWay?.resources ?? []).map(({ name }) => name));
    this.answered(this.#underWay?.resources);
  }

  #forget(name: string): void {
    this.#has.delete(name);
    this.#dirty.delete(name);
    this.#anew.delete(name);
  }
}
