/**
 * Loaded before a child's own code (`node --import`): makes the child's business time follow the platform's. `Date` stays the machine's. Product code need not
 * know that time can be moved: on Cloud Run nothing of this exists.
 */
import { setBusinessTimeAhead } from '../../../../services/platform/chassis/process/business-time.ts';
import { clockAheadMs, clockVariable } from './clock-message.ts';

setBusinessTimeAhead(Number(process.env[clockVariable] ?? 0));

process.on('message', (message) => {
  const ahead = clockAheadMs(message);
  if (ahead === undefined) return;
  setBusinessTimeAhead(ahead);
  process.send?.(message);
});
process.channel?.unref();
