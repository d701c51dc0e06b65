import type { IncomingMessage, ServerResponse } from 'node:http';
import { startLoopbackServer } from '../shared/http/loopback-server.ts';
import type { LocalServer } from '../shared/local-server.ts';
import type { ConsolePlatform } from './console-platform.ts';
import { consoleToken } from './console-token.ts';
import { letIn } from './guard.ts';
import { platformState } from './platform-state.ts';
import { serveApp } from './serve-app.ts';

/** A running console. */
export interface Console extends LocalServer {
  /** Where a browser is let in: with the token. */
  readonly url: string;
}

/**
 * Serves the console: a page, what it asks for below /api/, and what it is told of at /api/live. What takes time to load is loaded when a page is asked for, so that
 * a start of the platform does not wait for it.
 */
export async function startConsole(options: {
  readonly port: number;
  readonly stateDir: string;
  readonly platform: ConsolePlatform;
}): Promise<Console> {
  const token = consoleToken(options.stateDir);
  const startedMs = Date.now();
  let loading: Promise<(request: IncomingMessage, response: ServerResponse, url: URL) => void> | undefined;
  const api = () => {
    loading ??= import('./serve-api.ts').then(({ serveApi }) => serveApi({ ...options, startedMs }));
    return loading;
  };
  const server = await startLoopbackServer({
    port: options.port,
    listener(request, response) {
      if (!letIn(request, response, token)) return;
      const url = new URL(request.url ?? '/', 'http://console');
      if (!url.pathname.startsWith('/api/')) {
        serveApp(url.pathname, response, () => platformState(options.platform, startedMs));
        // Loaded while the browser reads the page. Whoever asks hears of a failure.
        api().catch(() => {});
        return;
      }
      api()
        .then((answer) => answer(request, response, url))
        .catch((error: unknown) => {
          console.error(error);
          response.writeHead(500).end();
        });
    },
  });
  return { port: server.port, url: `http://127.0.0.1:${server.port}/?token=${token}`, close: server.close };
}
