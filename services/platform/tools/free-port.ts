import { once } from 'node:events';
import { createServer } from 'node:net';
import { boundPort } from './bound-port.ts';

/** Ports of the loopback on which nobody listens, for servers that cannot be told to take any. All are held until the last is found: none comes twice. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map(boundPort);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** One such port. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  return port!;
}
