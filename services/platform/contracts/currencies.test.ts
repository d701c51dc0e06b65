import { expect, test } from 'vitest';
import { currencyCodes, isPayable, largestMicros, minorUnitDigits } from './currencies.ts';

test('every currency is one that Intl knows too, but for the digital bolívar, which shares the bolívar’s notes', () => {
  const known = new Set(Intl.supportedValuesOf('currency'));
  expect(currencyCodes.filter((code) => !known.has(code))).toEqual(['VED']);
  expect(new Set(currencyCodes).size).toBe(155);
});

test('minor units are those of ISO 4217, also where people do not write them', () => {
  const written = (currency: string) =>
    new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits;
  const unlike = currencyCodes.filter((code) => minorUnitDigits(code) !== written(code));
  expect(unlike.join(' ')).toBe('AFN ALL COP HUF IDR IQD IRR KPW LAK LBP MGA MMK PKR SOS SYP YER');
  expect(['JPY', 'EUR', 'KWD', 'HUF', 'IQD'].map(minorUnitDigits)).toEqual([0, 2, 3, 2, 3]);
});

test.each(['XXX', 'XTS', 'ZZZ', 'XAU', 'XDR', 'CLF', 'USN', 'DEM', 'BGN', 'HRK', 'eur', 'EURO', '', 'constructor'])(
  '%s is no currency to pay with',
  (code) => {
    expect(minorUnitDigits(code)).toBeUndefined();
    expect(isPayable(1_000_000n, code)).toBe(false);
  },
);

test.each<[bigint, string, boolean]>([
  [1_000_000n, 'JPY', true],
  [500_000n, 'JPY', false],
  [1_500_000n, 'JPY', false],
  [10_000n, 'EUR', true],
  [5_000n, 'EUR', false],
  [1_000n, 'KWD', true],
  [100n, 'KWD', false],
  [0n, 'EUR', false],
  [-1_000_000n, 'EUR', false],
  [largestMicros, 'JPY', true],
  [largestMicros + 1_000_000n, 'JPY', false],
])('whether %s millionths of %s can be paid: %s', (micros, currency, payable) => {
  expect(isPayable(micros, currency)).toBe(payable);
});

test('what is payable fits into the provider’s 18 digits and a database’s int64', () => {
  expect(String(largestMicros * 10n).length).toBeLessThanOrEqual(18);
});
