/**
 * The currencies of ISO 4217 that are in use, by the decimal places of their minor unit (list one as of January 2026, without funds, metals, units of
 * account and codes for tests, which nobody can pay with). Intl is no source for amounts: it says how a currency is usually written, such as the forint
 * without decimals, where ISO 4217 and providers have hundredths.
 */
const currencies: Readonly<Record<number, string>> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN
    ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
    MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP
    STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
};

const digitsOf: ReadonlyMap<string, number> = new Map(
  Object.entries(currencies).flatMap(([digits, codes]) => codes.split(/\s+/).map((code) => [code, Number(digits)] as const)),
);

/** Every currency that amounts may be in. */
export const currencyCodes: readonly string[] = [...digitsOf.keys()].toSorted();

/** The decimal places of a currency's minor unit: 0 for JPY, 2 for EUR; undefined for what is no currency. */
export function minorUnitDigits(currency: string): number | undefined {
  return digitsOf.get(currency);
}

/** More than ten of the dearest units, in millionths of a currency's unit. The provider takes amounts of up to 18 digits. */
export const largestMicros = 10_000_000_000n * 1_000_000n;

/** Whether a payment provider can take an amount, in millionths of the currency's unit: a whole number of minor units, above zero, within its bounds. */
export function isPayable(micros: bigint, currency: string): boolean {
  const digits = minorUnitDigits(currency);
  return digits !== undefined && micros > 0n && micros <= largestMicros && micros % 10n ** BigInt(6 - digits) === 0n;
}
