/**
 * Business time: what holds, deadlines, schedules, retention and the times of rows and events go by. It is the machine's time in production; a local platform
 * moves it forward, so that what falls due in a month can be seen today. Identity does not follow: a token's times, and whatever is held against them, are the
 * machine's (`Date`), as they are for the gateways and for everyone outside.
 */

/**
 * How far business time is ahead of the machine's clock, in milliseconds; negative for behind. Global, since what moves it is loaded before a process's own
 * code, and a bundle has its own copy of this module.
 */
declare global {
  // Only a "var" is a property of globalThis.
  var kumikoBusinessTimeAheadMs: number | undefined;
}

/** The present business time. Composition roots hand it on as `now`; nothing else has to know of it. */
export function businessNow(): Date {
  return new Date(Date.now() + (globalThis.kumikoBusinessTimeAheadMs ?? 0));
}

/** Sets how far business time is ahead of the machine's clock, for the whole process. For what is loaded before a process's own code, and nothing of the product. */
export function setBusinessTimeAhead(ms: number): void {
  globalThis.kumikoBusinessTimeAheadMs = ms;
}
