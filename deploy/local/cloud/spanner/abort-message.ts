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
  if (!isAbortMessage(message)) return;
  const { probability } = message.aborts;
  if (probability !== undefined) plan.probability = probability;
  answer({ abortProbability: plan.probability });
}

/** Whether a message is that answer. */
export function isAbortAnswer(message: unknown): message is AbortAnswer {
  return typeof message === 'object' && message !== null && 'abortProbability' in message && typeof message.abortProbability === 'number';
}

function isAbortMessage(message: unknown): message is AbortMessage {
  return typeof message === 'object' && message !== null && 'aborts' in message;
}
