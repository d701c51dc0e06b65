import type { JsonRoute } from '../shared/http/json-server.ts';
import type { LiveSource } from './live.ts';
import { followLogs, type LogFiles, type LogQuery, searchLogs } from './log-files.ts';

const listed = 500;

/** The logs of all processes, as one. */
export function logRoute(files: LogFiles): JsonRoute {
  return {
    method: 'GET',
    path: '/api/logs',
    handle: ({ query }) => ({ status: 200, body: { lines: searchLogs(files, logQuery(query), listed) } }),
  };
}

/** What is written to them from now on. */
export function logSource(files: LogFiles): LiveSource {
  return {
    name: 'logs',
    everyMs: 250,
    open(query) {
      const next = followLogs(files, logQuery(query), listed);
      return () => {
        const found = next();
        return found.lines.length === 0 ? undefined : found;
      };
    },
  };
}

function logQuery(query: URLSearchParams): LogQuery {
  const list = (name: string) => (query.get(name) ?? '').split(',').filter((item) => item !== '');
  return { processes: list('service'), severity: query.get('severity') ?? '', traces: list('trace'), text: query.get('q') ?? '' };
}
