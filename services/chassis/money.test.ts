import { expect, test } from 'vitest';
import { microsFromMoney, moneyFromMicros } from './money.ts';

test.each([0n, 1n, 999_999n, 1_000_000n, 12_345_678n, -1n, -1_500_000n, 9_007_199_254_740_993_000_001n])(
  '%s micros survive the way there and back',
  (micros) => {
    const { units = 0n, nanos = 0 } = moneyFromMicros(micros, 'JPY') as { units: bigint; nanos: number };
    expect(microsFromMoney({ units, nanos })).toBe(micros);
  },
);

test('negative amounts have negative units and nanos', () => {
  expect(moneyFromMicros(-1_750_000n, 'USD')).toEqual({ currencyCode: 'USD', units: -1n, nanos: -750_000_000 });
});

test.each([
  [{ units: 1n, nanos: 1 }, 'finer'],
  [{ units: 1n, nanos: -1_000 }, 'sign'],
  [{ units: -1n, nanos: 1_000 }, 'sign'],
  [{ units: 1n, nanos: 1_000_000_000 }, 'billion'],
])('%o is no amount', (money, reason) => {
  expect(() => microsFromMoney(money)).toThrow(reason);
});
