import type { AddressInfo } from 'node:net';

/** The port that a server listens on. @throws {TypeError} for one that does not, or that listens on a socket in the file system. */
export function boundPort(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no port');
  return address.port;
}
