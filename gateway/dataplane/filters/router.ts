import * as z from 'zod';
import type { Cluster } from '../cluster.ts';
import { list } from '../config/read-config.ts';
import type { TerminalFilter } from '../http-filter.ts';
import type { HttpStream } from '../http-stream.ts';
import { redirectLocation } from '../redirect.ts';
import type { Route } from '../route-table.ts';
import { RoutedRequest } from '../routed-request.ts';

/** envoy.extensions.filters.http.router.v3.Router. */
export const routerConfig = z.strictObject({
  suppress_envoy_headers: z.boolean().default(false),
  dynamic_stats: z.boolean().optional(),
  start_child_span: z.boolean().default(false),
  strict_check_headers: list(z.never()),
});

/** A parsed router. */
export type RouterConfig = z.output<typeof routerConfig>;

const redirectStatus = { MOVED_PERMANENTLY: 301, FOUND: 302, SEE_OTHER: 303, TEMPORARY_REDIRECT: 307, PERMANENT_REDIRECT: 308 } as const;
const missingCluster = { SERVICE_UNAVAILABLE: 503, NOT_FOUND: 404, INTERNAL_SERVER_ERROR: 500 } as const;

/** The last filter: answers, redirects or sends the request to a cluster. */
export class Router implements TerminalFilter {
  readonly #config: RouterConfig;
  readonly #clusters: ReadonlyMap<string, Cluster>;

  constructor(config: RouterConfig, clusters: ReadonlyMap<string, Cluster>) {
    this.#config = config;
    this.#clusters = clusters;
  }

  start(stream: HttpStream): void {
    const route = stream.route;
    if (route === undefined) {
      stream.sendLocalReply({ status: 404, details: 'route_not_found', flags: 'NR' });
    } else if (route.action !== undefined) {
      this.#forward(stream, route);
    } else if (route.directResponse !== undefined) {
      const { status, body } = route.directResponse;
      stream.sendLocalReply({ status, body, headers: responseHeaders(stream, route), details: 'direct_response' });
    } else if (route.redirect !== undefined) {
      const location = redirectLocation(route.redirect, route.matchedPrefix, stream.request);
      const status = redirectStatus[route.redirect.response_code];
      stream.sendLocalReply({ status, headers: [['location', location], ...responseHeaders(stream, route)], details: 'direct_response' });
    }
  }

  #forward(stream: HttpStream, route: Route): void {
    const action = route.action!;
    const name = action.config.cluster ?? stream.request.get(action.config.cluster_header!) ?? '';
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) {
      stream.sendLocalReply({
        status: missingCluster[action.config.cluster_not_found_response_code],
        details: 'cluster_not_found',
        flags: 'NC',
      });
      return;
    }
    const request = new RoutedRequest(stream, route, action, cluster, this.#config.suppress_envoy_headers);
    stream.upstream = request;
    request.start();
  }

  onWritable(stream: HttpStream): void {
    (stream.upstream as RoutedRequest | undefined)?.resumeResponse();
  }

  onDone(stream: HttpStream): void {
    (stream.upstream as RoutedRequest | undefined)?.cancel();
  }
}

function responseHeaders(stream: HttpStream, route: Route): [string, string][] {
  if (route.responseEdits.length === 0) return [];
  const headers = stream.request.copy();
  headers.list.length = 0;
  for (const edit of route.responseEdits) edit(headers, stream);
  return [...headers.entries()].map(([name, value]) => [name, value]);
}
