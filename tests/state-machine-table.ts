/** Transitions as the domains write them: from each state, by what, to which. */
export type Transitions = Readonly<Record<string, Readonly<Partial<Record<string, string>>>>>;

/** The Markdown table of a state machine: a row for each state, a column for each trigger; an empty cell is refused. */
export function stateMachineTable(transitions: Transitions): string {
  const states = Object.keys(transitions);
  const triggers = [...new Set(states.flatMap((state) => Object.keys(transitions[state] ?? {})))];
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    row(['', ...triggers.map((trigger) => `*${trigger}*`)]),
    row(['---', ...triggers.map(() => '---')]),
    ...states.map((state) => row([state, ...triggers.map((trigger) => transitions[state]?.[trigger] ?? '')])),
  ].join('\n');
}
