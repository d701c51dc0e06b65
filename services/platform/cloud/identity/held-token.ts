import { within } from '../../chassis/process/within.ts';

/** A token as it was given. */
export interface Token {
  /** "Bearer <token>". */
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a held token is judged and got by. */
export interface HeldTokenOptions {
  /** The machine's time, in milliseconds, which is the issuers' and the verifiers'. `Date.now` by default. */
  readonly machineNow?: () => number;
  /** What one fetch may take: what never answers must not keep all later callers waiting. 5 s by default. */
  readonly limitMs?: number;
}

/** From here on a new one is fetched, and the old one used meanwhile. The metadata server answers from its own cache until shortly before. */
const renewBeforeMs = 240_000;
/** From here on callers wait for the new one: a call may be on its way for a minute before its token is looked at. */
const waitBeforeMs = 60_000;
/** After a fetch that brought nothing better the old one is used for so long, as far as it holds. */
const pauseMs = 5_000;

/**
 * Keeps a token and renews it ahead of its end. One fetch runs at a time, whoever asks. As long as the token holds, a fetch that fails, or takes its time, is
 * nobody's business.
 *
 * @returns the token's header. It rejects where no token holds and none is given.
 */
export function holdToken(fetchToken: () => Promise<Token>, options: HeldTokenOptions = {}): () => Promise<string> {
  const { machineNow = Date.now, limitMs = 5_000 } = options;
  let held: Token = { header: '', expiresAt: Number.NEGATIVE_INFINITY };
  let fetching: Promise<void> | undefined;
  let pausedUntil = Number.NEGATIVE_INFINITY;

  const leftMs = () => held.expiresAt - machineNow();

  async function fetchInTime(): Promise<void> {
    const before = held.expiresAt;
    try {
      const token = await within(limitMs, fetchToken());
      if (token === undefined) throw new Error(`the metadata server gave no token within ${limitMs} ms`);
      if (token.expiresAt >= before) held = token;
    } finally {
      fetching = undefined;
      pausedUntil = held.expiresAt > before ? Number.NEGATIVE_INFINITY : machineNow() + pauseMs;
    }
  }

  return async () => {
    if (leftMs() > renewBeforeMs) return held.header;
    if (leftMs() > 0 && machineNow() < pausedUntil && fetching === undefined) return held.header;
    fetching ??= fetchInTime();
    const renewed = fetching;
    if (leftMs() > waitBeforeMs) {
      renewed.catch(() => {});
      return held.header;
    }
    try {
      await renewed;
    } catch (error) {
      if (leftMs() <= 0) throw error;
    }
    return held.header;
  };
}
