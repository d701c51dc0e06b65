/**
 * Loaded before a child's own code (`node --import`): makes the child's `Date` follow the platform's clock. Product code need not know that time can be
 * moved: on Cloud Run nothing of this exists.
 */
import { clockAheadMs, clockVariable } from './clock-message.ts';
import { shiftDate } from './shift-date.ts';

const setAhead = shiftDate(globalThis);
setAhead(Number(process.env[clockVariable] ?? 0));

process.on('message', (message) => {
  const ahead = clockAheadMs(message);
  if (ahead === undefined) return;
  setAhead(ahead);
  process.send?.(message);
});
process.channel?.unref();
