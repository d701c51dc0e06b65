import type { Clock } from '../../shared/local-server.ts';
import type { DeliveryRecord } from '../messages/delivery-record.ts';
import type { NewRecord } from '../traces/record-store.ts';
import type { Span } from '../traces/span.ts';
import type { DeclaredPicture } from './declared-picture.ts';
import type { Way, WayRate } from './picture-part.ts';

const windowSeconds = 10;
/** Nobody looks any more after so long without a question. */
const lookedAtMs = 5_000;
/** Of a way in a second; a percentile of more is the same. */
const sampled = 100;

interface Passed {
  count: number;
  failed: number;
  readonly took: number[];
}

/** Counts what goes along each way while somebody looks, second by second, so that a look costs as little under load as without it. */
export class WayRates {
  readonly #picture: () => Pick<DeclaredPicture, 'wayOf' | 'wayOfSubscription'>;
  readonly #recent: (sinceUs: number) => readonly Span[];
  readonly #clock: Pick<Clock, 'now'>;
  readonly #seconds = new Map<number, Map<Way, Passed>>();
  #askedMs = Number.NEGATIVE_INFINITY;

  /**
   * @param picture made at the first question, not before: it takes time.
   * @param recent the spans that ended since a time, for the first question.
   */
  constructor(
    picture: () => Pick<DeclaredPicture, 'wayOf' | 'wayOfSubscription'>,
    recent: (sinceUs: number) => readonly Span[],
    clock: Pick<Clock, 'now'>,
  ) {
    this.#picture = picture;
    this.#recent = recent;
    this.#clock = clock;
  }

  /** Hears of new spans. */
  add(spans: readonly Span[]): void {
    if (this.#isLookedAt()) this.#count(spans);
  }

  /** Hears of what was delivered. */
  delivered(records: readonly NewRecord<Pick<DeliveryRecord, 'tookMs' | 'ok'>>[]): void {
    if (!this.#isLookedAt()) return;
    for (const { kind, resource, atMs, spec } of records) {
      const way = kind === 'event' ? this.#picture().wayOfSubscription(resource) : undefined;
      const { tookMs, ok } = spec;
      if (way !== undefined) this.#pass(way, atMs + tookMs, tookMs, !ok);
    }
  }

  /** Rate, failures and the 95th percentile of each way, over the last ten seconds. */
  rates(): WayRate[] {
    const nowMs = this.#clock.now();
    const first = Math.floor(nowMs / 1_000) - windowSeconds;
    if (!this.#isLookedAt()) {
      this.#seconds.clear();
      this.#count(this.#recent(first * 1e6));
    }
    this.#askedMs = nowMs;
    const ways = new Map<Way, Passed>();
    for (const [second, passed] of this.#seconds) {
      if (second <= first) {
        this.#seconds.delete(second);
        continue;
      }
      for (const [way, { count, failed, took }] of passed) {
        const sum = ways.get(way) ?? { count: 0, failed: 0, took: [] };
        ways.set(way, { count: sum.count + count, failed: sum.failed + failed, took: [...sum.took, ...took] });
      }
    }
    return [...ways].map(([way, { count, failed, took }]) => {
      const ordered = took.toSorted((a, b) => a - b);
      return { way, perSecond: count / windowSeconds, failed, p95Ms: ordered[Math.floor(ordered.length * 0.95)] ?? 0 };
    });
  }

  #isLookedAt(): boolean {
    return this.#clock.now() - this.#askedMs < lookedAtMs;
  }

  #count(spans: readonly Span[]): void {
    const { wayOf } = this.#picture();
    for (const span of spans) {
      const way = wayOf(span);
      if (way !== undefined) this.#pass(way, span.endUs / 1_000, (span.endUs - span.startUs) / 1_000, span.failed);
    }
  }

  #pass(way: Way, endMs: number, tookMs: number, failed: boolean): void {
    const second = Math.floor(endMs / 1_000);
    const passed = this.#seconds.get(second) ?? new Map<Way, Passed>();
    this.#seconds.set(second, passed);
    const own = passed.get(way) ?? { count: 0, failed: 0, took: [] };
    passed.set(way, own);
    own.count += 1;
    if (failed) own.failed += 1;
    if (own.took.length < sampled) own.took.push(tookMs);
  }
}
