import { MostGone } from './most-gone.ts';
import type { PreviewStore } from './preview-store.ts';

/** What a client has from another control plane, or from this one before it was started anew. */
export interface Holdings {
  readonly count: number;
  /** How many of them there are now. */
  readonly left: () => number;
}

/**
 * Judges, for a client that comes with previews, whether it may be told what there is. A control plane that has just been started believes its first listing, for
 * it knows none before it; what its clients have is what it can be held against, by the rule for listings: where most of that would go, they are told nothing
 * until the listing is another one, or has come three times.
 */
export class ArrivalGuard {
  readonly #store: PreviewStore;
  readonly #mostGone = new MostGone();
  #holdings: Holdings | undefined;
  #judged = 0;
  #why: string | undefined;

  constructor(store: PreviewStore, holdings: Holdings) {
    this.#store = store;
    this.#holdings = holdings;
  }

  /** Why the client is told nothing yet; undefined where it may be told. Each listing counts once. */
  judge(): string | undefined {
    const { listings } = this.#store;
    if (this.#holdings === undefined || this.#judged === listings) return this.#why;
    this.#judged = listings;
    const why = this.#mostGone.judge(this.#holdings.count, this.#holdings.left());
    this.#why = why === undefined ? undefined : `the listing looks wrong: ${why}`;
    // From then on the client has what it was told.
    if (why === undefined) this.#holdings = undefined;
    return this.#why;
  }
}

/** A client that says by name what it has. */
export function heldByName(names: readonly string[], store: PreviewStore): Holdings {
  return { count: names.length, left: () => names.filter((name) => store.served.has(name)).length };
}
