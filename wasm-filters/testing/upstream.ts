import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server behind an Envoy. */
export interface Upstream {
  readonly port: number;
  /** The headers of every request that has come so far. */
  readonly requests: IncomingHttpHeaders[];
  close(): void;
}

/** Answers every request with its headers as JSON. */
export function echoUpstream(): Promise<Upstream> {
  return httpUpstream((request, response) => response.end(JSON.stringify(request.headers)));
}

/** Answers as told; what is not answered stays open. */
export async function httpUpstream(listener: RequestListener): Promise<Upstream> {
  const requests: IncomingHttpHeaders[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request.headers);
    listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, requests, close };
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const { port, close } = await echoUpstream();
  close();
  return port;
}
