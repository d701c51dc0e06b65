import { UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { TokenTimes } from './token-times.ts';

const now = 1_800_000_000;

/** The incidents of an answer, given at once, to a token whose times are so many seconds from now. */
function incidents(claims: { nbf?: number; exp: number }, status: number, message = '', tookSeconds = 0): readonly string[] {
  const token = new UnsecuredJWT({ exp: now + claims.exp, ...(claims.nbf !== undefined && { nbf: now + claims.nbf }) }).encode();
  const times = new TokenTimes();
  times.judge(token, { status, body: { code: 16, message } }, now * 1000, (now + tookSeconds) * 1000);
  return times.incidents;
}

describe('a token within the tolerance', () => {
  it.each([[{ exp: -58 }], [{ nbf: 58, exp: 3600 }], [{ exp: 3600 }]])('%j is not refused for its times', (claims) => {
    expect(incidents(claims, 200)).toEqual([]);
    expect(incidents(claims, 401, 'Jwt is expired')).toHaveLength(1);
    expect(incidents(claims, 401, 'Jwt not yet valid')).toHaveLength(1);
    expect(incidents(claims, 401, 'Jwks remote fetch is failed')).toEqual([]);
  });

  it('may be out of it when the answer comes', () => {
    expect(incidents({ exp: -50 }, 401, 'Jwt is expired', 20)).toEqual([]);
  });
});

describe('a token beyond the tolerance', () => {
  it.each([[{ exp: -62 }], [{ nbf: 62, exp: 3600 }]])('%j is let in by nobody', (claims) => {
    expect(incidents(claims, 401, 'Jwt is expired')).toEqual([]);
    expect(incidents(claims, 429)).toEqual([]);
    expect(incidents(claims, 503)).toEqual([]);
    expect(incidents(claims, 200)).toHaveLength(1);
    expect(incidents(claims, 400)).toHaveLength(1);
  });

  it('may be within it when the answer comes', () => {
    expect(incidents({ nbf: 62, exp: 3600 }, 200, '', 20)).toEqual([]);
  });
});

it('asks for tokens that a clock which is off would make', () => {
  const times = new TokenTimes();
  expect(times.request()).toEqual({});
  times.skew(90);
  expect(times.request()).toEqual({ skew_seconds: 90 });
  times.skew(-90);
  expect(times.request()).toEqual({ skew_seconds: -90, ttl_seconds: 1 });
});
