import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Client } from '../../contracts/client.ts';
import type { Preview, PreviewService } from '../../contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';

/**
 * A list is waited for so long: then the work meets the default, as it does where there is no such preview. Far longer than it takes, for work that meets the
 * default is done and not repeated; a part of what the shortest task has.
 */
const listMs = 10_000;

/** Between two tries to reach the control plane. */
const retryMs = 1_000;

/** What is not in the list is asked for no more often: a tag may be gone for good while tokens go on naming it. */
const askAgainMs = 1_000;

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
  #known: readonly Preview[] | undefined;
  #urls = new Map<string, string>();
  /** Whether the list is what the control plane has told by the stream that is open. */
  #current = false;
  #listed: Promise<void> | undefined;
  #watching = new AbortController();
  #askedAt = 0;
  #awakeAt = 0;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: DirectoryOptions) {
    this.#options = options;
  }

  /**
   * The origin of a preview; undefined: there is none. One that is not in the list is asked for: the gateways are told of a new one at the same time, and a
   * request may come through them before this process has read of it.
   */
  async urlOf(service: string, tag: string): Promise<string | undefined> {
    const name = `${service}@${tag}`;
    this.#look();
    await this.#untilListed();
    const url = this.#urls.get(name);
    if (url !== undefined) return url;
    if (this.#current && Date.now() - this.#askedAt > askAgainMs) this.#ask();
    await this.#untilListed();
    return this.#urls.get(name);
  }

  close(): void {
    clearInterval(this.#looking);
    this.#closed.abort();
  }

  /** Begins to watch, or begins anew where the process has stood still. */
  #look(): void {
    const now = Date.now();
    this.#looking ??= setInterval(() => this.#look(), lookMs).unref();
    if (now - this.#awakeAt > stoodStillMs) this.#ask();
    this.#awakeAt = now;
  }

  /** What is asked anew meanwhile is waited for as well. */
  async #untilListed(): Promise<void> {
    let listed: Promise<void> | undefined;
    while (listed !== this.#listed) {
      listed = this.#listed;
      await listed;
    }
  }

  /** Watches by a stream of its own, which begins with the list as it is now: that is waited for, though not for ever. */
  #ask(): void {
    this.#askedAt = Date.now();
    this.#watching.abort();
    this.#watching = new AbortController();
    const { promise: listed, resolve } = Promise.withResolvers<void>();
    const signal = AbortSignal.any([this.#closed.signal, this.#watching.signal]);
    signal.addEventListener('abort', () => resolve());
    void this.#watch(resolve, signal);
    this.#listed = Promise.race([listed, delay(listMs, undefined, { ref: false })]);
  }

  async #watch(onList: () => void, signal: AbortSignal): Promise<void> {
    const { client, services, logger } = this.#options;
    let told = false;
    while (!signal.aborted) {
      this.#current = false;
      try {
        for await (const { previews } of client.watchPreviews({ services: [...services], known: [...(this.#known ?? [])] }, { signal })) {
          if (signal.aborted) return;
          this.#known = previews;
          this.#urls = new Map(previews.map(({ service, tag, url }) => [`${service}@${tag}`, url]));
          this.#current = true;
          told = false;
          onList();
        }
      } catch (err) {
        if (!signal.aborted && !told) logger.warn({ err }, 'the control plane cannot be watched: previews stay as they were');
        told = true;
      }
      if (signal.aborted) return;
      this.#current = false;
      // Who has an old list goes by it; who has none waits for further tries.
      if (this.#known !== undefined) onList();
      await delay(retryMs, undefined, { signal, ref: false }).catch(() => {});
    }
  }
}
