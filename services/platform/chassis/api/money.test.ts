import { expect, test } from 'vitest';
import { microsFromMoney, moneyFromMicros } from './money.ts';

test.each([10_000n, 990_000n, 1_000_000n, 12_340_000n, 10_000_000_000_000_000n])('%s micros survive the way there and back', (micros) => {
  const { units = 0n, nanos = 0 } = moneyFromMicros(micros, 'EUR') as { units: bigint; nanos: number };
  expect(microsFromMoney({ currencyCode: 'EUR', units, nanos }, 'deal.price')).toBe(micros);
});

test('negative amounts have negative units and nanos', () => {
  expect(moneyFromMicros(-1_750_000n, 'USD')).toEqual({ currencyCode: 'USD', units: -1n, nanos: -750_000_000 });
});

test.each<[string, bigint, number, string]>([
  ['JPY', 0n, 500_000_000, 'deal.price.nanos'],
  ['JPY', 1n, 10_000_000, 'deal.price.nanos'],
  ['EUR', 1n, 5_000_000, 'deal.price.nanos'],
  ['EUR', 1n, 1, 'deal.price.nanos'],
  ['EUR', 1n, -10_000_000, 'deal.price.nanos'],
  ['EUR', 1n, 1_000_000_000, 'deal.price.nanos'],
  ['KWD', 1n, 100_000, 'deal.price.nanos'],
  ['EUR', 0n, 0, 'deal.price.units'],
  ['EUR', -1n, 0, 'deal.price.units'],
  ['EUR', 0n, -10_000_000, 'deal.price.units'],
  ['EUR', 10_000_000_001n, 0, 'deal.price.units'],
  ['EUR', 9_223_372_036_854_775_807n, 0, 'deal.price.units'],
  ['XXX', 1n, 0, 'deal.price.currency_code'],
  ['ZZZ', 1n, 0, 'deal.price.currency_code'],
  ['', 1n, 0, 'deal.price.currency_code'],
])('nobody can pay %s %s and %s nanos', (currencyCode, units, nanos, field) => {
  let error: unknown;
  try {
    microsFromMoney({ currencyCode, units, nanos }, 'deal.price');
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: 3, reason: 'INVALID_ARGUMENT', fieldViolations: [{ field }] });
});
