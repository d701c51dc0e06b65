/** What the local cloud asks of the supervisor. */
export type HostQuestion =
  /** Start an instance; `ask` tells the answer from others. */
  { readonly startInstance: string; readonly ask: number } | { readonly stopInstance: string };

/** What the supervisor tells the local cloud. */
export type HostAnswer =
  | { readonly instanceUp: string; readonly ask: number; readonly pid: number; readonly port: number }
  | { readonly instanceFailed: number }
  /** Somebody has restarted it: its process is another one. */
  | { readonly instanceRestarted: string; readonly pid: number }
  | { readonly instanceEnded: string; readonly how: string };

/** Whether a message is a question about an instance. */
export function isHostQuestion(message: unknown): message is HostQuestion {
  return typeof message === 'object' && message !== null && ('startInstance' in message || 'stopInstance' in message);
}

/** Whether a message is an answer about an instance. */
export function isHostAnswer(message: unknown): message is HostAnswer {
  return (
    typeof message === 'object' &&
    message !== null &&
    ('instanceUp' in message || 'instanceFailed' in message || 'instanceRestarted' in message || 'instanceEnded' in message)
  );
}
