import type { ServerHttp2Stream } from 'node:http2';
import type { Clock } from '../../shared/local-server.ts';

/** Counts the requests that a front serves, so that it can be closed when nobody is there any more. */
export class OpenStreams {
  readonly #clock: Clock;
  #open = 0;
  #onChange = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a request until it ends. */
  add(stream: ServerHttp2Stream): void {
    this.#open += 1;
    this.#changed();
    stream.once('close', () => {
      this.#open -= 1;
      this.#changed();
    });
  }

  /** Resolves when there has been no request for `quietMs`, and after `limitMs` at the latest. */
  async quiet(quietMs: number, limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      let cancelQuiet = () => {};
      const done = () => {
        cancelQuiet();
        cancelLimit();
        this.#onChange.delete(look);
        resolve();
      };
      const look = () => {
        cancelQuiet();
        if (this.#open === 0) cancelQuiet = this.#clock.schedule(quietMs, done);
      };
      const cancelLimit = this.#clock.schedule(limitMs, done);
      this.#onChange.add(look);
      look();
    });
  }

  #changed(): void {
    for (const changed of this.#onChange) changed();
  }
}
