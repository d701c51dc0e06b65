import type { Journal } from './journal.ts';
import { acknowledgedIsKept } from './rules/acknowledged.ts';
import { eventsAreKept, eventsHappenOnce } from './rules/events.ts';
import { groupsEndOnce, placesAddUp } from './rules/groups.ts';
import { moneyGoesOneWay, moneyMatchesGroups, moneyMatchesOrders } from './rules/money.ts';
import { nothingWaits } from './rules/rest.ts';
import type { Rule } from './rules/rule.ts';
import { everyoneSeesTheSame } from './rules/shown.ts';
import { stockIsNeverOversold } from './rules/stock.ts';
import type { Snapshot } from './snapshot.ts';

/** Something that must not be. */
export interface Violation {
  readonly rule: string;
  /** The resource that it is about. */
  readonly subject: string;
  readonly detail: string;
}

/** The invariants of docs/architecture.md. */
const rules: Readonly<Record<string, Rule>> = {
  'stock is never oversold': stockIsNeverOversold,
  'places add up': placesAddUp,
  'a group completes or expires exactly once': groupsEndOnce,
  'money goes one way': moneyGoesOneWay,
  'orders and ledger agree': moneyMatchesOrders,
  'complete groups are captured, expired ones voided': moneyMatchesGroups,
  'no acknowledged request is lost': acknowledgedIsKept,
  'an event happens once': eventsHappenOnce,
  'no accepted event is lost': eventsAreKept,
  'everyone sees the same': everyoneSeesTheSame,
  'nothing waits': nothingWaits,
};

/** The names of the rules. */
export const ruleNames: readonly string[] = Object.keys(rules);

/** Holds the whole state against every invariant; empty where all hold. Meant for a platform at rest. */
export function audit(snapshot: Snapshot, journal: Journal): Violation[] {
  const violations: Violation[] = [];
  for (const [rule, prove] of Object.entries(rules)) {
    prove(snapshot, journal, (subject, detail) => violations.push({ rule, subject, detail }));
  }
  return violations;
}
