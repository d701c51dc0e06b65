import type { DrillReport } from './drill.ts';
import { kindsByOrder } from './rules/ledger-kinds.ts';

const shownAtMost = 12;

/** A drill's outcome for people. */
export function describeReport({ plan, snapshot, violations, journal, stateDir }: DrillReport): {
  readonly ok: boolean;
  readonly text: string;
} {
  const money = Object.entries(countBy([...kindsByOrder(snapshot.ledger).values()])).map(([kinds, count]) => `${count}× ${kinds}`);
  const groups = Object.entries(countBy(snapshot.groups.map(({ state }) => state))).map(([state, count]) => `${count} ${state}`);
  const summary =
    `  ${plan.wishes.length} wishes, ${snapshot.orders.length} orders, groups: ${groups.join(', ')}; ledger: ${money.join(', ')}; ` +
    `${snapshot.published.length} events, ${journal.unanswered.length} unanswered`;
  const problems = [
    ...violations.map(({ rule, subject, detail }) => `${rule}: ${subject} ${detail}`),
    ...journal.incidents.map((incident) => `incident: ${incident}`),
  ];
  if (problems.length === 0) return { ok: true, text: `${summary}\n  ✓ every invariant holds` };
  const shown = problems.slice(0, shownAtMost).map((problem) => `  ✗ ${problem}`);
  const more = problems.length > shownAtMost ? [`  … and ${problems.length - shownAtMost} more`] : [];
  return { ok: false, text: [summary, ...shown, ...more, `  state and logs: ${stateDir}`].join('\n') };
}

function countBy(values: readonly string[]): Record<string, number> {
  return Object.fromEntries([...Map.groupBy(values, (value) => value)].map(([value, same]) => [value, same.length]));
}
