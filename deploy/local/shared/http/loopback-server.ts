import { createServer, type RequestListener } from 'node:http';
import { boundPort } from '../../../../services/platform/tools/bound-port.ts';
import type { LocalServer } from '../local-server.ts';

const loopbackNames: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Starts an HTTP/1.1 server on 127.0.0.1.
 *
 * A web page can reach loopback: by DNS rebinding, which shows in `Host`, or by a plain cross-site request, which shows in `Origin`.
 * Both are answered 403 before `listener` sees them.
 *
 * @throws the bind error of Node (`code` EADDRINUSE, with `port`) where the port is taken.
 */
export async function startLoopbackServer(options: {
  readonly port: number;
  readonly listener: RequestListener;
  /** Names beside the loopback ones by which clients know this server. */
  readonly alsoKnownAs?: readonly string[];
}): Promise<LocalServer> {
  const names = new Set([...loopbackNames, ...(options.alsoKnownAs ?? [])]);
  const server = createServer((request, response) => {
    const { host, origin } = request.headers;
    if (!names.has(hostName(host ?? '')) || (origin !== undefined && !isLoopbackOrigin(origin))) {
      response
        .writeHead(403, { 'content-type': 'text/plain' })
        .end('Only local programs may call this server: use 127.0.0.1 or localhost.\n');
      return;
    }
    options.listener(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '127.0.0.1', resolve);
  });
  return {
    port: boundPort(server),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function hostName(host: string): string {
  return host.replace(/:\d*$/, '').toLowerCase();
}

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && loopbackNames.includes(new URL(origin).hostname);
}
