import { decodeJwt } from 'jose';
import type { TokenRequest } from '../../deploy/local/cloud/issuer/token-request.ts';
import type { Answer } from './answer.ts';

/** How far apart the clocks of who makes a token and who judges it may be, at the gateways and in the services. */
const toleranceSeconds = 60;
/** Claims are in whole seconds, and so is what Envoy holds them against. */
const roundingMs = 1_000;

/** The times of callers' tokens while they are presented, and what became of tokens against their times. */
export class TokenTimes {
  /** What was answered against a token's times. */
  readonly incidents: string[] = [];
  #skewSeconds = 0;

  /** How far off the clock is by which tokens are made. */
  get skewSeconds(): number {
    return this.#skewSeconds;
  }

  /** Has every caller take another token, made by a clock that is so far off; 0 lifts it. */
  skew(seconds: number): void {
    this.#skewSeconds = seconds;
  }

  /** What the issuer is asked for beside whose token it is. One whose clock is behind makes tokens of a second: their end is what it has an effect on. */
  request(): Pick<TokenRequest, 'skew_seconds' | 'ttl_seconds'> {
    if (this.#skewSeconds === 0) return {};
    return { skew_seconds: this.#skewSeconds, ...(this.#skewSeconds < 0 && { ttl_seconds: 1 }) };
  }

  /** Holds an answer against the times of the token that it was given to. Times in milliseconds since the epoch. */
  judge(token: string, { status, body }: Answer, sentAt: number, answeredAt: number): void {
    const { nbf = 0, exp = 0 } = decodeJwt(token);
    const from = (nbf - toleranceSeconds) * 1000;
    const until = (exp + toleranceSeconds) * 1000;
    const isGood = sentAt >= from + roundingMs && answeredAt <= until - roundingMs;
    const isBad = answeredAt <= from - roundingMs || sentAt >= until + roundingMs;
    const times = `nbf ${nbf} and exp ${exp} at ${Math.floor(sentAt / 1000)}`;
    if (isGood && refusesTimes(status, body)) this.incidents.push(`a token with ${times} was refused: ${JSON.stringify(body)}`);
    if (isBad && isLetIn(status)) this.incidents.push(`a token with ${times} was answered ${status}: ${JSON.stringify(body)}`);
  }
}

/** Not so where nobody looked at the token: at an outage, or beyond a limit. */
function isLetIn(status: number): boolean {
  return status < 500 && status !== 401 && status !== 408 && status !== 429;
}

/** As Envoy's own words and the services' reasons have it. There are other reasons for a 401, such as keys that cannot be fetched. */
function refusesTimes(status: number, body: unknown): boolean {
  return status === 401 && /Jwt is expired|Jwt not yet valid|TOKEN_EXPIRED|TOKEN_INVALID/.test(JSON.stringify(body));
}
