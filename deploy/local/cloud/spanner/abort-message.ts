import type { AbortPlan } from './transactions/abort-plan.ts';

/** What the supervisor asks of the local Spanner: how probable an abort without a cause is from now on, or what it is where it says nothing. */
export interface AbortMessage {
  readonly aborts: { readonly probability?: number };
}

/** What the local Spanner answers. */
interface AbortAnswer {
  readonly abortProbability: number;
}

/** Does what a message about aborts says, and answers it. Others are not answered. */
export function answerAbortMessage(plan: Pick<AbortPlan, 'probability'>, message: unknown, answer: (answer: AbortAnswer) => void): void {
  const asked = (message as Partial<AbortMessage> | null | undefined)?.aborts;
  if (asked === undefined) return;
  if (asked.probability !== undefined) plan.probability = asked.probability;
  answer({ abortProbability: plan.probability });
}

/** Whether a message is that answer. */
export function isAbortAnswer(message: unknown): message is AbortAnswer {
  return typeof (message as Partial<AbortAnswer> | null | undefined)?.abortProbability === 'number';
}
