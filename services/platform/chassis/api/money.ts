import type { MessageInitShape } from '@bufbuild/protobuf';
import { isPayable, largestMicros, minorUnitDigits } from '../../contracts/currencies.ts';
import type { Money, MoneySchema } from '../../contracts/gen/types/google/type/money_pb.js';
import { type FieldViolation, invalidArgument } from '../errors/rpc-error.ts';

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
 * The amount in millionths of the currency's unit, where somebody can pay it. `field` is where the money is in the request, such as "deal.price".
 *
 * @throws {RpcError} INVALID_ARGUMENT where the currency is none of ISO 4217, or the amount is not a whole number of its minor units, above zero and within
 * what the payment provider takes.
 */
export function microsFromMoney({ currencyCode, units, nanos }: Pick<Money, 'currencyCode' | 'units' | 'nanos'>, field: string): bigint {
  const micros = units * microsPerUnit + BigInt(Math.trunc(nanos / nanosPerMicro));
  const areNanosSound = nanos % nanosPerMicro === 0 && nanos >= 0 && nanos < 1_000_000_000;
  if (areNanosSound && isPayable(micros, currencyCode)) return micros;
  const { field: path, description } = fault(currencyCode, micros, field);
  throw invalidArgument(`${path}: ${description}`, [{ field: path, description }]);
}

function fault(currency: string, micros: bigint, field: string): FieldViolation {
  const digits = minorUnitDigits(currency);
  if (digits === undefined) return { field: `${field}.currency_code`, description: 'must be a currency of ISO 4217 that is in use' };
  if (micros <= 0n || micros > largestMicros) return { field: `${field}.units`, description: 'must make an amount that can be paid' };
  return { field: `${field}.nanos`, description: `must be a part of a unit, with ${digits} decimal places for ${currency}` };
}
