import type { LedgerEntry } from '../../../deploy/local/outside-world/payment-provider/intents.ts';

/** What happened to the money of each order, in order: "authorize capture". Orders without money are missing. */
export function kindsByOrder(ledger: readonly LedgerEntry[]): ReadonlyMap<string, string> {
  const kinds = new Map<string, string>();
  for (const { reference, type } of ledger) kinds.set(reference, [kinds.get(reference), type].filter(Boolean).join(' '));
  return kinds;
}
