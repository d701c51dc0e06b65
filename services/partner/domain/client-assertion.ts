import { isStorable } from '../../platform/contracts/storable-text.ts';

/** What a partner's signed assertion says (RFC 7523, section 3). */
interface AssertionClaims {
  readonly aud?: string | readonly string[];
  /** Seconds since the epoch. */
  readonly exp?: number;
  readonly jti?: unknown;
}

/** How far a partner's clock may be off ours. */
export const clockToleranceSeconds = 30;

/** How far ahead an assertion may expire. */
const maxAssertionSeconds = 300;

/** How long an accepted assertion is remembered after its end: more than the clocks of our own instances ever differ. */
const memorySeconds = 600;

const maxIdLength = 255;

/** An accepted assertion, which is not accepted again. */
export interface UsedAssertion {
  /** Its jti. */
  readonly id: string;
  /** From when on it may be forgotten. */
  readonly expireTime: Date;
}

/**
 * Holds what RFC 7523 leaves to us against an assertion whose signature, issuer, subject, audience and times hold.
 *
 * @returns the reason to refuse it, for our log, as a text.
 */
export function checkAssertion({ aud, exp, jti }: AssertionClaims, now: Date): UsedAssertion | string {
  // Another server that an assertion is also meant for could present it here.
  if (typeof aud !== 'string' && aud?.length !== 1) return 'it is meant for others too';
  if (exp === undefined) return 'it has no exp';
  if (exp > now.getTime() / 1000 + maxAssertionSeconds + clockToleranceSeconds)
    return `it is good for longer than ${maxAssertionSeconds} s`;
  if (typeof jti !== 'string' || jti === '' || jti.length > maxIdLength) return `its jti is not a text of 1 to ${maxIdLength} characters`;
  if (!isStorable(jti)) return 'its jti has characters that cannot be kept';
  return { id: jti, expireTime: new Date((exp + memorySeconds) * 1000) };
}
