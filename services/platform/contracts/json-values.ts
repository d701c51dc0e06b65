import * as z from 'zod';
import { isStorable, storableRule } from './storable-text.ts';

/**
 * Reads JSON of an outside system. A number that JavaScript does not hold as a whole number exactly stays the text that it was written as, for `jsonInteger`
 * and `jsonText` to judge: 9007199254740993 would silently become another number.
 *
 * @throws {SyntaxError}
 */
export function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === 'number' && !Number.isSafeInteger(value) ? source : value,
  );
}

/** A number as JSON writes it (RFC 8259, section 6): whole part, fraction, exponent. */
const number = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d{1,6}))?$/;

/** Digits of the largest int64. */
const maxDigits = 19;

/**
 * A whole number in every form that JSON, or protobuf's JSON (https://protobuf.dev/programming-guides/json/), gives to it: 1, 1.0, 10e-1, and the same as
 * texts. What is read is exact, and fits into an int64.
 */
export const jsonInteger = z.unknown().transform((value, context): bigint => {
  const integer = typeof value === 'number' || typeof value === 'string' ? readInteger(String(value)) : undefined;
  if (integer !== undefined) return integer;
  context.addIssue({ code: 'custom', message: 'must be a whole number' });
  return z.NEVER;
});

/** A text that may have been written as a number, as ids are: 7 is "7". It is one that can be stored. */
export const jsonText = z.union([z.string(), z.number()], 'must be a text').transform(String).refine(isStorable, storableRule);

function readInteger(text: string): bigint | undefined {
  const match = number.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const significant = `${whole}${fraction}`.replace(/^0+/, '');
  const digits = significant.replace(/0+$/, '');
  if (digits === '') return 0n;
  const zeros = Number(exponent) - fraction.length + significant.length - digits.length;
  if (zeros < 0 || digits.length + zeros > maxDigits) return undefined;
  const integer = BigInt(`${sign}${digits}${'0'.repeat(zeros)}`);
  return BigInt.asIntN(64, integer) === integer ? integer : undefined;
}
