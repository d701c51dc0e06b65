import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Money, MoneySchema } from '../contracts/gen/types/google/type/money_pb.js';

const microsPerUnit = 1_000_000n;
const nanosPerMicro = 1_000;

/** google.type.Money of an amount in millionths of the currency's unit. Units and nanos have the same sign, as the type asks. */
export function moneyFromMicros(micros: bigint, currency: string): MessageInitShape<typeof MoneySchema> {
  return {
    currencyCode: currency,
    units: micros / microsPerUnit,
    nanos: Number(micros % microsPerUnit) * nanosPerMicro,
  };
}

/**
 * The amount in millionths of the currency's unit.
 *
 * @throws {RangeError} where the amount is finer than a millionth, nanos are a unit or more, or units and nanos differ in sign.
 */
export function microsFromMoney(money: Pick<Money, 'units' | 'nanos'>): bigint {
  const { units, nanos } = money;
  if (Math.abs(nanos) >= 1_000_000_000) throw new RangeError(`${nanos} nanos are a billion or more`);
  if (nanos % nanosPerMicro !== 0) throw new RangeError(`${nanos} nanos are finer than a millionth of a unit`);
  if ((units > 0n && nanos < 0) || (units < 0n && nanos > 0)) throw new RangeError(`${units} units and ${nanos} nanos differ in sign`);
  return units * microsPerUnit + BigInt(nanos / nanosPerMicro);
}
