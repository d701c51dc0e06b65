import { createServer } from 'node:net';

/** The base unless `--port-base` says otherwise. */
export const defaultPortBase = 7400;

/** A port that the platform needs is in use. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';

  constructor(name: string, port: number, base: number) {
    super(
      `port ${port} (${name}) is taken. Is the platform running already? To use others: npm start -- --port-base N ` +
        `(its ports are those from N on, now ${base}; 0 picks free ones)`,
    );
  }
}

/** Whether nobody listens there, on 127.0.0.1. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** The first port from `first` on that nobody has. @throws {Error} where there is none. */
export async function freePortFrom(first: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = first; port < 65_536; port++) if (!taken.has(port) && (await isFree(port))) return port;
  throw new Error('no port is free behind those of the platform');
}
