import { previewClusterName } from '../bootstrap/previews.ts';
import type { Listing } from './list-previews.ts';
import { MostGone } from './most-gone.ts';

/** Holds back listings that look wrong: one without our services, or one in which more than half of the previews have gone at once, whatever else has come. */
export class ListingGuard {
  readonly #mostGone = new MostGone();
  #believed: ReadonlySet<string> = new Set();

  /** Why the listing is not to be believed yet; undefined where it is. */
  judge({ services, previews }: Listing): string | undefined {
    // Services do not vanish from Cloud Run while this one runs there. Such a listing confirms none of the other kind either.
    if (services === 0) {
      this.#mostGone.interrupt();
      return 'it has none of our services';
    }
    const names = new Set(previews.map(previewClusterName));
    const why = this.#mostGone.judge(this.#believed.size, this.#believed.intersection(names).size);
    if (why === undefined) this.#believed = names;
    return why;
  }
}
