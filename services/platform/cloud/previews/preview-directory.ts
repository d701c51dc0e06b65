import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Client } from '../../contracts/client.ts';
import type { Preview, PreviewService } from '../../contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';

/** The first list is waited for so long: then the work meets the default, as it does where there is no such preview. */
const firstListMs = 1_000;

/** Between two tries to reach the control plane. */
const retryMs = 1_000;

/**
 * Cloud Run takes the CPU away between requests. A process that has stood still for so long may have missed changes, or the end of its connection, and would go
 * by an old list until it reads of either.
 */
const stoodStillMs = 5_000;

/** How often it is looked whether the process has stood still. */
const lookMs = 1_000;

interface DirectoryOptions {
  readonly client: Pick<Client<typeof PreviewService>, 'watchPreviews'>;
  /** Whose previews. */
  readonly services: readonly string[];
  readonly logger: Logger;
}

/**
 * Which previews there are, as the control plane tells it. It is asked from the first work on that wants a preview, which most instances never meet; what it
 * has told stays while it is away.
 */
export class PreviewDirectory {
  readonly #options: DirectoryOptions;
  readonly #closed = new AbortController();
  #known: readonly Preview[] = [];
  #urls = new Map<string, string>();
  #firstList: Promise<void> | undefined;
  #watching = new AbortController();
  #awakeAt = 0;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /** The origin of a preview; undefined: there is none. */
  async urlOf(service: string, tag: string): Promise<string | undefined> {
    this.#look();
    await this.#firstList;
    return this.#urls.get(`${service}@${tag}`);
  }

  close(): void {
    clearInterval(this.#looking);
    this.#closed.abort();
  }

  /** Begins to watch, or begins anew where the process has stood still. */
  #look(): void {
    const now = Date.now();
    this.#looking ??= setInterval(() => this.#look(), lookMs).unref();
    if (now - this.#awakeAt > stoodStillMs) {
      this.#watching.abort();
      this.#watching = new AbortController();
      this.#firstList = this.#start(AbortSignal.any([this.#closed.signal, this.#watching.signal]));
    }
    this.#awakeAt = now;
  }

  /** Resolves with the first list, or when it has been waited for long enough. */
  #start(signal: AbortSignal): Promise<void> {
    const { promise: listed, resolve } = Promise.withResolvers<void>();
    void this.#watch(resolve, signal);
    return Promise.race([listed, delay(firstListMs, undefined, { ref: false })]);
  }

  async #watch(onList: () => void, signal: AbortSignal): Promise<void> {
    const { client, services, logger } = this.#options;
    let told = false;
    while (!signal.aborted) {
      try {
        for await (const { previews } of client.watchPreviews({ services: [...services], known: [...this.#known] }, { signal })) {
          this.#known = previews;
          this.#urls = new Map(previews.map(({ service, tag, url }) => [`${service}@${tag}`, url]));
          told = false;
          onList();
        }
      } catch (err) {
        if (!signal.aborted && !told) logger.warn({ err }, 'the control plane cannot be watched: previews stay as they were');
        told = true;
      }
      await delay(retryMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }
}
