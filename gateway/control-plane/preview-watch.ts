import type { Logger } from 'pino';
import type { ClusterEnvironment } from '../bootstrap/clusters.ts';
import { previewClusterName } from '../bootstrap/previews.ts';
import type { Listing } from './list-previews.ts';
import { ListingGuard } from './listing-guard.ts';
import { PreviewFault } from './preview-fault.ts';
import { type FoundPreview, type PreviewResource, previewResource } from './preview-resource.ts';
import type { PreviewStore } from './preview-store.ts';

/** How the last listings went. */
interface WatchState {
  /** Milliseconds since the epoch: of the last listing that was believed. */
  readonly listedAt: number | undefined;
  /** Why the newest listing is not what is served; undefined where it is. */
  readonly fault: string | undefined;
  /** Previews that no Envoy is told of, and why. */
  readonly faults: readonly { readonly service: string; readonly tag: string; readonly why: string }[];
}

/** What keeps the store at what Cloud Run has. */
interface WatchOptions {
  readonly store: PreviewStore;
  readonly list: () => Promise<Listing>;
  readonly environment: ClusterEnvironment;
  readonly logger: Logger;
  /** Between two listings, in milliseconds. */
  readonly intervalMs: number;
  /** Resolves after a time; the signal ends it early. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now?: () => number;
}

/**
 * Lists again and again, and at once where somebody says that something has changed. Whatever a listing does, what was served goes on being served: one that
 * fails, has nothing or looks wrong changes nothing.
 */
export class PreviewWatch {
  readonly #options: WatchOptions;
  readonly #guard = new ListingGuard();
  readonly #now: () => number;
  #state: WatchState = { listedAt: undefined, fault: undefined, faults: [] };
  #waiting = new AbortController();
  #again = false;
  #ended = false;
  #made: ReadonlyMap<string, PreviewResource> = new Map();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get state(): WatchState {
    return this.#state;
  }

  /** Lists until it is ended. */
  async run(): Promise<void> {
    while (!this.#ended) {
      this.#again = false;
      await this.#listOnce();
      if (this.#again || this.#ended) continue;
      this.#waiting = new AbortController();
      await this.#options.wait(this.#options.intervalMs, this.#waiting.signal);
    }
  }

  /** Something has changed: lists at once, or once more where a listing is under way that may not have seen it. */
  changed(): void {
    this.#again = true;
    this.#waiting.abort();
  }

  end(): void {
    this.#ended = true;
    this.#waiting.abort();
  }

  async #listOnce(): Promise<void> {
    const { list, logger, store } = this.#options;
    let listing: Listing;
    try {
      listing = await list();
    } catch (err) {
      this.#hold('Cloud Run cannot be listed', { err });
      return;
    }
    const odd = this.#guard.judge(listing);
    if (odd !== undefined) {
      this.#hold(`the listing looks wrong: ${odd}`, {});
      return;
    }
    if (this.#state.fault !== undefined) logger.info('listings are believed again');
    const { resources, faults } = this.#make(listing);
    this.#state = { listedAt: this.#now(), fault: undefined, faults };
    this.#made = new Map(resources.map((resource) => [resource.name, resource]));
    store.publish(resources);
  }

  #hold(fault: string, fields: object): void {
    const { logger } = this.#options;
    if (this.#state.fault === undefined) logger.error(fields, `${fault}: the previews stay as they were`);
    this.#state = { ...this.#state, fault };
  }

  /** What has not changed is not made anew. */
  #resourceOf(preview: FoundPreview): PreviewResource {
    const name = previewClusterName(preview);
    const known = this.#made.get(name);
    if (known?.preview.url === preview.url && known.preview.revision === preview.revision) return known;
    return previewResource(preview, this.#options.environment);
  }

  /** One preview at fault leaves the others alone. */
  #make({ previews }: Listing): { resources: PreviewResource[]; faults: WatchState['faults'] } {
    const { logger } = this.#options;
    const resources: PreviewResource[] = [];
    const faults: { service: string; tag: string; why: string }[] = [];
    for (const preview of previews) {
      try {
        resources.push(this.#resourceOf(preview));
      } catch (error) {
        if (!(error instanceof PreviewFault)) throw error;
        const { service, tag, revision } = preview;
        faults.push({ service, tag, why: error.message });
        const known = this.#state.faults.some((fault) => fault.service === service && fault.tag === tag && fault.why === error.message);
        if (!known) logger.error({ service, tag, revision, why: error.message }, 'a preview is not told to the gateways');
      }
    }
    return { resources, faults };
  }
}
