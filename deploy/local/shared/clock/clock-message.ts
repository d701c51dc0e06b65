/** The environment variable that tells a new process how far business time is ahead of the machine's clock, in milliseconds. */
export const clockVariable = 'KUMIKO_CLOCK_AHEAD_MS';

/** What the supervisor sends to a process when the clock moves, and what the process sends back once it has followed. */
export interface ClockMessage {
  readonly clockAheadMs: number;
}

/** How far ahead a message says business time is; undefined for a message about something else. */
export function clockAheadMs(message: unknown): number | undefined {
  if (typeof message !== 'object' || message === null || !('clockAheadMs' in message)) return undefined;
  return typeof message.clockAheadMs === 'number' ? message.clockAheadMs : undefined;
}
