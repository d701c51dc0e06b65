import { previewClusterName } from '../bootstrap/previews.ts';
import type { Listing } from './list-previews.ts';

/** Fewer previews than this may all go at once. */
const few = 10;

/** So many listings in a row in which most are gone are believed. */
const confirmations = 3;

/** Holds back listings that look wrong: one without our services, or one in which more than half of the previews have gone at once, whatever else has come. */
export class ListingGuard {
  #believed: ReadonlySet<string> = new Set();
  #odd = 0;

  /** Why the listing is not to be believed yet; undefined where it is. */
  judge({ services, previews }: Listing): string | undefined {
    // Services do not vanish from Cloud Run while this one runs there. Such a listing confirms none of the other kind either.
    if (services === 0) {
      this.#odd = 0;
      return 'it has none of our services';
    }
    const names = new Set(previews.map(previewClusterName));
    const why = this.#mostGone(names);
    this.#odd = why === undefined ? 0 : this.#odd + 1;
    if (why !== undefined && this.#odd < confirmations) return why;
    this.#odd = 0;
    this.#believed = names;
    return undefined;
  }

  #mostGone(names: ReadonlySet<string>): string | undefined {
    const before = this.#believed.size;
    const left = this.#believed.intersection(names).size;
    if (before < few || left * 2 >= before) return undefined;
    return `it has ${left} of the ${before} previews that there were`;
  }
}
