import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a port is waited for. */
export interface PortWait {
  /** Asked before each try: a message ends the waiting. */
  readonly givenUp?: () => string | undefined;
  readonly intervalMs?: number;
}

/** Resolves when somebody listens at a port of 127.0.0.1. @throws {Error} with the message that `givenUp` gives. */
export async function untilListening(port: number, { givenUp, intervalMs = 40 }: PortWait = {}): Promise<void> {
  while (!(await accepts(port))) {
    const why = givenUp?.();
    if (why !== undefined) throw new Error(why);
    await delay(intervalMs);
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
