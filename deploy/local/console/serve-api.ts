import type { IncomingMessage, ServerResponse } from 'node:http';
import { jsonListener } from '../shared/http/json-server.ts';
import type { ConsolePlatform } from './console-platform.ts';
import { serveLive } from './live.ts';
import { platformSource, platformState } from './platform-state.ts';

/** What the API works on. */
export interface ApiOptions {
  readonly stateDir: string;
  readonly platform: ConsolePlatform;
  /** When this run of the platform began, in milliseconds since the epoch. */
  readonly startedMs: number;
}

/** What the page asks for, below /api/. */
export function serveApi(options: ApiOptions): (request: IncomingMessage, response: ServerResponse, url: URL) => void {
  const state = () => platformState(options.platform, options.startedMs);
  const sources = [platformSource(state)];
  const json = jsonListener([{ method: 'GET', path: '/api/platform', handle: () => ({ status: 200, body: state() }) }]);
  return (request, response, url) => {
    if (url.pathname === '/api/live') serveLive(request, response, url.searchParams, sources);
    else json(request, response);
  };
}
