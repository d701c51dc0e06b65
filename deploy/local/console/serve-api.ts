import type { IncomingMessage, ServerResponse } from 'node:http';
import { type JsonRoute, jsonListener, noBody } from '../shared/http/json-server.ts';
import { backlogRoutes } from './backlogs.ts';
import { askCloud } from './cloud-client.ts';
import type { ConsolePlatform } from './console-platform.ts';
import { explorerRoutes } from './explorer/explorer-routes.ts';
import { leverRoutes } from './levers.ts';
import { type LiveSource, serveLive } from './live.ts';
import type { LogFiles } from './log-files.ts';
import { logRoute, logSource } from './log-routes.ts';
import { pictureRoutes } from './picture/picture-routes.ts';
import { settingsRoute } from './picture/settings.ts';
import { platformSource, platformState } from './platform-state.ts';
import { storyOf } from './story.ts';
import { webhookRoutes } from './webhooks.ts';

/** What the API works on. */
interface ApiOptions {
  readonly stateDir: string;
  readonly platform: ConsolePlatform;
  /** When this run of the platform began, in milliseconds since the epoch. */
  readonly startedMs: number;
}

/** What the page asks for, below /api/. */
export function serveApi(options: ApiOptions): (request: IncomingMessage, response: ServerResponse, url: URL) => void {
  const { platform } = options;
  const { inspect } = platform.ports;
  const state = () => platformState(platform, options.startedMs);
  const files: LogFiles = () => platform.processes.list().map(({ name }) => ({ process: name, file: platform.processes.logFile(name) }));
  const explorer = explorerRoutes(platform);
  const picture = pictureRoutes(platform);
  const sources: LiveSource[] = [platformSource(state), logSource(files), traceSource(inspect), picture.source];
  const json = jsonListener([
    ...explorer.routes,
    ...picture.routes,
    settingsRoute(platform),
    { method: 'GET', path: '/api/platform', handle: () => ({ status: 200, body: state() }) },
    logRoute(files),
    ofCloud(inspect, '/traces'),
    ofCloud(inspect, '/traces/{id}'),
    ofCloud(inspect, '/records'),
    ofCloud(inspect, '/topics'),
    ofCloud(inspect, '/subscriptions/{subscription}'),
    ofCloud(inspect, '/queues'),
    ofCloud(inspect, '/schedules'),
    doneByCloud(inspect, '/subscriptions/{subscription}/messages/{id}/replay'),
    ...['pause', 'resume'].map((verb) => doneByCloud(inspect, `/queues/{queue}/${verb}`)),
    ...['run', 'delete'].map((verb) => doneByCloud(inspect, `/queues/{queue}/tasks/{task}/${verb}`)),
    ...['run', 'pause', 'resume'].map((verb) => doneByCloud(inspect, `/schedules/{schedule}/${verb}`)),
    ...leverRoutes(platform),
    ...backlogRoutes(platform.endpoints),
    ...webhookRoutes(platform.endpoints),
    {
      method: 'GET',
      path: '/api/story',
      handle: async ({ query }) => ({ status: 200, body: await storyOf(inspect, files, query.get('id') ?? '') }),
    },
  ]);
  return (request, response, url) => {
    if (url.pathname === '/api/live') serveLive(request, response, url.searchParams, sources);
    else if (url.pathname === '/api/call' && request.method === 'POST') void explorer.call(request, response);
    else json(request, response);
  };
}

/** What the local cloud's inspector answers, as it stands. */
function ofCloud(port: number, path: string): JsonRoute {
  return {
    method: 'GET',
    path: `/api${path}`,
    handle: async (request) => ({ status: 200, body: await askCloud(port, `${request.path.slice('/api'.length)}?${request.query}`) }),
  };
}

/** What the local cloud's inspector does. */
function doneByCloud(port: number, path: string): JsonRoute {
  return {
    method: 'POST',
    path: `/api${path}`,
    handle: async (request) => {
      request.json(noBody);
      return { status: 200, body: await askCloud(port, request.path.slice('/api'.length), {}) };
    },
  };
}

/** Tells that something new was seen: spans, or what passed. After a break it tells so once, since a page may have asked meanwhile and heard nothing. */
function traceSource(port: number): LiveSource {
  return {
    name: 'traces',
    everyMs: 500,
    open() {
      let last: number | undefined;
      return async () => {
        const before = last;
        last = undefined;
        const { seq } = await askCloud<{ seq: number }>(port, '/seq');
        last = seq;
        return seq === before ? undefined : { seq };
      };
    },
  };
}
