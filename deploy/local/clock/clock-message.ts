/** The environment variable that tells a new process how far the platform's clock is ahead of the machine's, in milliseconds. */
export const clockVariable = 'KUMIKO_CLOCK_AHEAD_MS';

/** What the supervisor sends to a process when the clock moves, and what the process sends back once it has followed. */
export interface ClockMessage {
  readonly clockAheadMs: number;
}

/** How far ahead a message says the clock is; undefined for a message about something else. */
export function clockAheadMs(message: unknown): number | undefined {
  const ahead = (message as Partial<ClockMessage> | null | undefined)?.clockAheadMs;
  return typeof ahead === 'number' ? ahead : undefined;
}
