import { describe, expect, test } from 'vitest';
import { signed } from '../tests/signed.ts';
import { checkSignature } from './signature.ts';

const now = new Date('2026-01-02T12:00:00Z');
const body = Buffer.from('{"id":"evt_1"}');
const secret = 'secret-of-the-day';
const profile = { toleranceSeconds: 300, secrets: [secret] };
const check = (header: string | undefined, bytes: Uint8Array = body) => checkSignature(profile, header, bytes, now);
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);

describe('a signature', () => {
  test('holds over the raw bytes, within the window on either side', () => {
    for (const seconds of [-300, 0, 300]) expect(check(signed(secret, body, at(seconds)))).toBeUndefined();
  });

  test.each([
    ['too-old', signed(secret, body, at(-301))],
    ['too-new', signed(secret, body, at(301))],
    ['wrong', signed('another-secret-xx', body, now)],
    ['missing', undefined],
    ['missing', ''],
    ['malformed', 'v1=abc'],
    ['malformed', `t=${now.getTime() / 1000}`],
    ['malformed', `t=${now.getTime() / 1000},v1=zz`],
    ['malformed', `t=soon,v1=${'0'.repeat(64)}`],
    ['malformed', `t=${now.getTime() / 1000},v0=${'0'.repeat(64)}`],
  ])('is refused: %s', (fault, header) => {
    expect(check(header)).toBe(fault);
  });

  test('does not hold for other bytes, nor for another time than the signed one', () => {
    expect(check(signed(secret, body, now), Buffer.from('{"id":"evt_2"}'))).toBe('wrong');
    const [, v1] = signed(secret, body, at(-3600)).split(',');
    expect(check(`t=${now.getTime() / 1000},${v1}`)).toBe('wrong');
  });

  test('holds by any of the active secrets, and any of several signatures', () => {
    const rotating = { toleranceSeconds: 300, secrets: ['the-new-secret-00', secret] };
    expect(checkSignature(rotating, signed(secret, body, now), body, now)).toBeUndefined();
    expect(checkSignature(rotating, signed('the-new-secret-00', body, now), body, now)).toBeUndefined();
    const [, other] = signed('another-secret-xx', body, now).split(',');
    expect(check(`${signed(secret, body, now)},${other}`)).toBeUndefined();
  });
});
