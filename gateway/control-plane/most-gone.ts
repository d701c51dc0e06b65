/** Fewer than this may all go at once. */
const few = 10;

/** What is seen so many times in a row is believed. */
const confirmations = 3;

/** Holds back what would take away more than half of the previews at once, until it has been seen three times in a row. */
export class MostGone {
  #times = 0;

  /** Why it is not to be believed yet that of the previews `before` only these are `left`; undefined where it is. */
  judge(before: number, left: number): string | undefined {
    const isOdd = before >= few && left * 2 < before;
    this.#times = isOdd ? this.#times + 1 : 0;
    if (isOdd && this.#times < confirmations) return `it has ${left} of the ${before} previews that there were`;
    this.#times = 0;
    return undefined;
  }

  /** What was seen in between confirms nothing. */
  interrupt(): void {
    this.#times = 0;
  }
}
