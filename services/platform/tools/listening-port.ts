import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a port is waited for. */
interface PortWait {
  /** Asked before each try: a message ends the waiting. */
  readonly givenUp?: () => string | undefined;
  /** Between the first two tries. */
  readonly intervalMs?: number;
}

/** So much of the time that it has taken is added to the interval: a try costs its process more than what it tells of a program that is not up for long. */
const addedShare = 0.02;

/** Resolves when somebody listens at a port of 127.0.0.1. @throws {Error} with the message that `givenUp` gives. */
export async function untilListening(port: number, { givenUp, intervalMs = 40 }: PortWait = {}): Promise<void> {
  const startedAt = performance.now();
  while (!(await accepts(port))) {
    const why = givenUp?.();
    if (why !== undefined) throw new Error(why);
    await delay(intervalMs + (performance.now() - startedAt) * addedShare);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
