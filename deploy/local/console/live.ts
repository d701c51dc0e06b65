import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorText } from '../../../services/platform/contracts/error-text.ts';

/** What a page is told of without asking: looked for again and again while somebody listens, and never else. */
export interface LiveSource {
  readonly name: string;
  readonly everyMs: number;
  /** For one listener: what is new since the last time, or undefined for nothing. */
  open(query: URLSearchParams): () => Promise<unknown> | unknown;
}

/** How long a page waits before it asks again after a break. */
const retryMs = 1_000;

/**
 * Answers with server-sent events of the sources that `?want=` names. A source that cannot look tells so with an event "trouble", and looks on.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function serveLive(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  sources: readonly LiveSource[],
): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(`retry: ${retryMs}\n\n`);
  const wanted = (query.get('want') ?? '').split(',');
  const timers = sources
    .filter(({ name }) => wanted.includes(name))
    .map(({ name, everyMs, open }) => {
      const look = open(query);
      let looking = false;
      let trouble = '';
      const tick = async () => {
        // Whoever reads slowly is told later, and of the newest then.
        if (looking || response.writableNeedDrain) return;
        looking = true;
        try {
          const found = await look();
          if (trouble !== '') send(response, 'trouble', { source: name, message: '' });
          trouble = '';
          if (found !== undefined) send(response, name, found);
        } catch (error) {
          const message = errorText(error);
          if (message !== trouble) send(response, 'trouble', { source: name, message });
          trouble = message;
        } finally {
          looking = false;
        }
      };
      void tick();
      return setInterval(() => void tick(), everyMs);
    });
  request.once('close', () => {
    for (const timer of timers) clearInterval(timer);
  });
}

function send(response: ServerResponse, event: string, data: unknown): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
