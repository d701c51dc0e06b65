import { createHash } from 'node:crypto';
import type { PreviewResource } from './preview-resource.ts';

/** What an Envoy has refused, and in which words. */
export interface Refusal {
  readonly version: string;
  readonly words: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What has changed, by names; none where a listing was as the one before. */
type Listener = (names: readonly string[]) => void;

/** So many accepted versions of a preview are kept: a gateway that answers late may refuse the newest ones one after another. */
const keptVersions = 4;

/**
 * Which version of each preview is served: the one that was found, unless an Envoy has refused it; then what was accepted before, if there is such a version.
 * A refused version is never served again. Knows no transport and no clock but the one that it is given.
 */
export class PreviewStore {
  readonly #now: () => number;
  /** Undefined until it was told for the first time: nobody must be told of nothing by one that knows nothing yet. */
  #found: ReadonlyMap<string, PreviewResource> | undefined;
  #listings = 0;
  /** In the order in which they were first accepted. */
  readonly #accepted = new Map<string, readonly PreviewResource[]>();
  readonly #refused = new Map<string, Refusal[]>();
  readonly #served = new Map<string, PreviewResource>();
  /** Of the numbers of all that is served: a sum does not know an order, and one change costs one addition. */
  #sum = 0n;
  readonly #listeners = new Set<Listener>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Whether it is known which previews there are. */
  get isKnown(): boolean {
    return this.#found !== undefined;
  }

  /** How often it was told what there is. */
  get listings(): number {
    return this.#listings;
  }

  /** What is served, by name. */
  get served(): ReadonlyMap<string, PreviewResource> {
    return this.#served;
  }

  /** One hash for all that is served, whatever the order in which it was found. */
  get version(): string {
    return BigInt.asUintN(64, this.#sum).toString(16).padStart(16, '0');
  }

  /** The previews whose newest version is refused. */
  get refusals(): ReadonlyMap<string, Refusal> {
    const standing = [...(this.#found?.values() ?? [])].flatMap(({ name, version }): [string, Refusal][] => {
      const refusal = this.#refusalOf(name, version);
      return refusal === undefined ? [] : [[name, refusal]];
    });
    return new Map(standing);
  }

  /** Takes over what there is now. What is gone is forgotten, with all that was said of it. */
  publish(resources: readonly PreviewResource[]): void {
    const before: ReadonlyMap<string, PreviewResource> = this.#found ?? new Map();
    const found = new Map(resources.map((resource) => [resource.name, resource]));
    this.#found = found;
    this.#listings += 1;
    const gone = [...before.keys()].filter((name) => !found.has(name));
    const come = [...found.keys()].filter((name) => found.get(name) !== before.get(name));
    for (const known of [this.#accepted, this.#refused]) {
      for (const name of known.keys()) if (!found.has(name)) known.delete(name);
    }
    this.#tell(this.#serve([...gone, ...come]));
  }

  /** An Envoy uses this version. */
  accept(resource: PreviewResource): void {
    const { name, version } = resource;
    if (!this.#found?.has(name) || this.#refusalOf(name, version) !== undefined) return;
    const accepted = this.#accepted.get(name) ?? [];
    if (!accepted.some((known) => known.version === version)) this.#accepted.set(name, [...accepted, resource].slice(-keptVersions));
  }

  /** An Envoy does not take this version. Returns whether that is news. */
  refuse({ name, version }: PreviewResource, words: string): boolean {
    if (!this.#found?.has(name) || this.#refusalOf(name, version) !== undefined) return false;
    this.#refused.set(name, [...(this.#refused.get(name) ?? []), { version, words, at: this.#now() }]);
    const accepted = this.#accepted.get(name) ?? [];
    this.#accepted.set(
      name,
      accepted.filter((known) => known.version !== version),
    );
    const changed = this.#serve([name]);
    if (changed.length > 0) this.#tell(changed);
    return true;
  }

  /** Calls back after each listing and each refusal that changes something, with the names of what has changed. Returns how to end that. */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Returns the names of what has changed by it. */
  #serve(names: readonly string[]): string[] {
    return names.filter((name) => {
      const before = this.#served.get(name);
      const now = this.#choose(name);
      if (now === undefined) this.#served.delete(name);
      else this.#served.set(name, now);
      if (before?.version === now?.version) return false;
      if (before !== undefined) this.#sum -= numberOf(before);
      if (now !== undefined) this.#sum += numberOf(now);
      return true;
    });
  }

  #tell(names: readonly string[]): void {
    for (const listener of [...this.#listeners]) listener(names);
  }

  #choose(name: string): PreviewResource | undefined {
    const found = this.#found?.get(name);
    if (found === undefined) return undefined;
    return this.#refusalOf(name, found.version) === undefined ? found : this.#accepted.get(name)?.at(-1);
  }

  #refusalOf(name: string, version: string): Refusal | undefined {
    return this.#refused.get(name)?.find((refusal) => refusal.version === version);
  }
}

function numberOf({ name, version }: PreviewResource): bigint {
  return createHash('sha256').update(`${name}=${version}`).digest().readBigUInt64BE();
}
