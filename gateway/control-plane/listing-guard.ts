import type { Listing } from './list-previews.ts';

/** Fewer previews than this may all go at once. */
const few = 10;

/** So many listings in a row that say the same are believed, however odd. */
const confirmations = 3;

/** Holds back listings that look wrong: an empty one, or one in which more than half of the previews have gone at once. */
export class ListingGuard {
  #believed = 0;
  #odd = 0;

  /** Why the listing is not to be believed yet; undefined where it is. */
  judge({ services, previews }: Listing): string | undefined {
    const why = services === 0 ? 'it has none of our services' : this.#mostGone(previews.length);
    this.#odd = why === undefined ? 0 : this.#odd + 1;
    // Services do not vanish from Cloud Run while this one runs there.
    if (why !== undefined && (services === 0 || this.#odd < confirmations)) return why;
    this.#odd = 0;
    this.#believed = previews.length;
    return undefined;
  }

  #mostGone(count: number): string | undefined {
    if (this.#believed < few || count * 2 >= this.#believed) return undefined;
    return `it has ${count} previews, where there were ${this.#believed}`;
  }
}
