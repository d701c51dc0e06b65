import type { Cloud, Front } from './start-cloud.ts';

/** What the supervisor asks of the local cloud about a front. */
export type FrontMessage = { readonly openFront: Front } | { readonly closeFront: number };

/** What the local cloud answers: the front's port, and what went wrong. */
interface FrontAnswer {
  readonly front: number;
  readonly error?: string;
}

/** Does what a message about a front says, and answers it. Others are not answered. */
export async function answerFrontMessage(cloud: Cloud, message: unknown, answer: (answer: FrontAnswer) => void): Promise<void> {
  if (!isFrontMessage(message)) return;
  const port = 'openFront' in message ? message.openFront.port : message.closeFront;
  try {
    if ('openFront' in message) await cloud.openFront(message.openFront);
    else await cloud.closeFront(port);
    answer({ front: port });
  } catch (error) {
    answer({ front: port, error: String(error) });
  }
}

/** Whether a message is the answer about the front at this port. */
export function isFrontAnswer(message: unknown, port: number): message is FrontAnswer {
  return typeof message === 'object' && message !== null && 'front' in message && message.front === port;
}

function isFrontMessage(message: unknown): message is FrontMessage {
  return typeof message === 'object' && message !== null && ('openFront' in message || 'closeFront' in message);
}
