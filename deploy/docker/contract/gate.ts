import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A port that leads to another one, and can hold back what is sent to it: whoever waits for an answer is under way for as long as the test says. */
interface Gate {
  readonly port: number;
  /** Holds back from now on. Resolves with the first bytes that wait. */
  close(): Promise<void>;
  /** Lets through what waits, and all that comes. */
  open(): void;
  stop(): void;
}

/** Starts one on a free port of the loopback, open. */
export async function startGate(target: number): Promise<Gate> {
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];
  let isOpen = true;
  let noticed = (): void => {};
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
    far.on('data', (data) => near.write(data));
    near.on('data', (data) => {
      if (isOpen) {
        far.write(data);
        return;
      }
      waiting.push(() => far.write(data));
      noticed();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      isOpen = false;
      return new Promise((resolve) => {
        noticed = resolve;
      });
    },
    open: () => {
      isOpen = true;
      for (const send of waiting.splice(0)) send();
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
