import { seededRandom } from '../../../../services/platform/tools/seeded-random.ts';

/** How deliveries go wrong; all shares are from 0 to 1. */
export interface DeliveryFaults {
  /** Share that waits before it is sent, up to `delayMs`: others overtake it. */
  readonly delayRate: number;
  readonly delayMs: number;
  /** Share that arrives a second time later, when it was acknowledged long ago. */
  readonly repeatRate: number;
  /** Share whose answer is lost: the sender takes it for failed, and sends again. */
  readonly lostAnswerRate: number;
  /** Same seed and same order of deliveries: same faults. */
  readonly seed: number;
}

/** What goes wrong with one delivery. */
interface Mishap {
  readonly delayMs: number;
  /** undefined: arrives once. */
  readonly repeatAfterMs: number | undefined;
  readonly answerIsLost: boolean;
}

const none: Mishap = { delayMs: 0, repeatAfterMs: undefined, answerIsLost: false };

/** Decides what goes wrong with each delivery, from faults that can be set and lifted while deliveries run. */
export class DeliveryMishaps {
  #faults: DeliveryFaults | undefined;
  #random = seededRandom(0);

  /** From now on; undefined: nothing goes wrong. */
  set(faults: DeliveryFaults | undefined): void {
    this.#faults = faults;
    this.#random = seededRandom(faults?.seed ?? 0);
  }

  /** What goes wrong with the next delivery. */
  next(): Mishap {
    const faults = this.#faults;
    if (faults === undefined) return none;
    const { delayRate, delayMs, repeatRate, lostAnswerRate } = faults;
    const random = this.#random;
    return {
      delayMs: random() < delayRate ? random() * delayMs : 0,
      repeatAfterMs: random() < repeatRate ? random() * delayMs : undefined,
      answerIsLost: random() < lostAnswerRate,
    };
  }
}
