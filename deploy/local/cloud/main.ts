/**
 * The local cloud as a process. Its options come in KUMIKO_LOCAL_CLOUD (JSON); the message "release" lets it call the gateways. Messages that open or close a
 * front are answered when that is done.
 */
import { createAdvanceableClock } from '../shared/clock/advanceable-clock.ts';
import { clockAheadMs, clockVariable } from '../shared/clock/clock-message.ts';
import { systemClock } from '../shared/local-server.ts';
import { answerFrontMessage } from './front-message.ts';
import type { HostQuestion } from './instances/instance-messages.ts';
import { SupervisedHost } from './instances/supervised-host.ts';
import { type CloudOptions, type Disturbance, startCloud } from './start-cloud.ts';

const clock = createAdvanceableClock(systemClock);
clock.advance(Number(process.env[clockVariable] ?? 0));
const host = new SupervisedHost((question: HostQuestion) => process.send?.(question));
const starting = startCloud(JSON.parse(process.env['KUMIKO_LOCAL_CLOUD'] ?? '{}') as CloudOptions, clock, host);

process.on('message', async (message) => {
  host.take(message);
  const cloud = await starting;
  if (message === 'release') cloud.release();
  const { disturb, holdInstances } = message as { disturb?: Disturbance; holdInstances?: boolean };
  if (disturb !== undefined) cloud.disturb(disturb);
  if (holdInstances !== undefined) {
    cloud.holdInstances(holdInstances);
    if (holdInstances) process.send?.({ instancesHeld: true });
  }
  if (message === 'instances') process.send?.({ instances: cloud.instanceUse() });
  await answerFrontMessage(cloud, message, (answer) => process.send?.(answer));
  const aheadMs = clockAheadMs(message);
  if (aheadMs === undefined) return;
  clock.advance(Math.max(0, Date.now() + aheadMs - clock.now()));
  process.send?.(message);
});
process.channel?.unref();
// All state is committed before it is acknowledged: there is nothing to wait for.
process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
await starting;
process.stdout.write(`${JSON.stringify({ message: 'listening' })}\n`);
