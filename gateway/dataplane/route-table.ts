import { ConfigError } from './config/read-config.ts';
import {
  compileRewrite,
  type RedirectConfig,
  type RetryPolicyConfig,
  type RouteActionConfig,
  type RouteConfig,
  type RouteConfigurationConfig,
  type VirtualHostConfig,
} from './config/route-config.ts';
import { FirstMatch } from './first-match.ts';
import { compileHeaderEdits, type HeaderEdit } from './header-edits.ts';
import type { Headers } from './header-map.ts';
import { compileRouteMatch, pathOf } from './matchers.ts';

/** A route, compiled. */
export interface Route {
  readonly name: string;
  readonly virtualHost: string;
  matches(path: string, headers: Headers): boolean;
  readonly exactPath: string | undefined;
  readonly action: RouteAction | undefined;
  readonly redirect: RedirectConfig | undefined;
  readonly directResponse: { readonly status: number; readonly body: Buffer } | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** By filter name: the parsed per-route configuration, most specific first. */
  readonly filterConfig: ReadonlyMap<string, unknown>;
  /** In Envoy's order: route, virtual host, route configuration. */
  readonly requestEdits: readonly HeaderEdit[];
  readonly responseEdits: readonly HeaderEdit[];
  readonly matchedPrefix: string | undefined;
}

/** Where a route sends requests. */
export interface RouteAction {
  readonly config: RouteActionConfig;
  readonly retry: RetryPolicyConfig | undefined;
  readonly rewritePath: ((path: string) => string) | undefined;
}

/** Parses a filter's per-route configuration; given by the filter registry. */
export type PerRouteParser = (filterName: string, config: { '@type': string }, path: string) => unknown;

/** The first route that matches, by Envoy's order: virtual host by domain, then routes as they stand. */
export interface RouteTable {
  match(headers: Headers): Route | undefined;
}

/** Compiles a route configuration. @throws ConfigError for a domain that two virtual hosts claim. */
export function compileRouteTable(config: RouteConfigurationConfig, parsePerRoute: PerRouteParser, path: string): RouteTable {
  const exact = new Map<string, FirstMatch<Route>>();
  const suffixes: [string, FirstMatch<Route>][] = [];
  const prefixes: [string, FirstMatch<Route>][] = [];
  let fallback: FirstMatch<Route> | undefined;
  for (const [index, host] of config.virtual_hosts.entries()) {
    const hostPath = `${path}.virtual_hosts[${index}]`;
    const routes = new FirstMatch(
      host.routes.map((route, i) => compileRoute(config, host, route, parsePerRoute, `${hostPath}.routes[${i}]`)),
    );
    for (const domain of host.domains.map((name) => name.toLowerCase())) {
      if (domain === '*' ? fallback !== undefined : exact.has(domain))
        throw new ConfigError(`${hostPath}.domains: ${domain} is taken by another virtual host`);
      if (domain === '*') fallback = routes;
      else if (domain.startsWith('*')) suffixes.push([domain.slice(1), routes]);
      else if (domain.endsWith('*')) prefixes.push([domain.slice(0, -1), routes]);
      else exact.set(domain, routes);
    }
  }
  // The longest wildcard wins, whatever the order in the file.
  const byLength = (a: [string, FirstMatch<Route>], b: [string, FirstMatch<Route>]) => b[0].length - a[0].length;
  suffixes.sort(byLength);
  prefixes.sort(byLength);
  const wildcardOnly = exact.size === 0 && suffixes.length === 0 && prefixes.length === 0;
  const select = (authority: string): FirstMatch<Route> | undefined => {
    const lower = authority.toLowerCase();
    const host = config.ignore_port_in_host_matching ? lower.replace(/:\d+$/, '') : lower;
    return (
      exact.get(host) ??
      suffixes.find(([suffix]) => host.endsWith(suffix) && host.length > suffix.length)?.[1] ??
      prefixes.find(([prefix]) => host.startsWith(prefix) && host.length > prefix.length)?.[1] ??
      fallback
    );
  };
  return {
    match: (headers) => {
      const routes = wildcardOnly ? fallback : select(headers.get(':authority') ?? '');
      return routes?.match(pathOf(headers.get(':path') ?? ''), headers);
    },
  };
}

function compileRoute(
  table: RouteConfigurationConfig,
  host: VirtualHostConfig,
  route: RouteConfig,
  parsePerRoute: PerRouteParser,
  path: string,
): Route {
  const { exactPath, matches } = compileRouteMatch(route.match);
  const filterConfig = new Map<string, unknown>();
  for (const level of [table, host, route]) {
    for (const [name, config] of Object.entries(level.typed_per_filter_config)) {
      filterConfig.set(name, parsePerRoute(name, config, `${path}.typed_per_filter_config.${name}`));
    }
  }
  const levels = [route, host, table];
  return {
    name: route.name,
    virtualHost: host.name,
    exactPath,
    matches,
    action: route.route === undefined ? undefined : compileAction(route.route, route, host.retry_policy),
    redirect: route.redirect,
    directResponse:
      route.direct_response === undefined
        ? undefined
        : { status: route.direct_response.status, body: route.direct_response.body ?? Buffer.alloc(0) },
    metadata: route.metadata?.filter_metadata ?? {},
    filterConfig,
    requestEdits: levels.flatMap((level) => compileHeaderEdits(level.request_headers_to_add, level.request_headers_to_remove) ?? []),
    responseEdits: levels.flatMap((level) => compileHeaderEdits(level.response_headers_to_add, level.response_headers_to_remove) ?? []),
    matchedPrefix: matchedPrefix(route),
  };
}

function matchedPrefix(route: RouteConfig): string | undefined {
  return route.match.prefix ?? route.match.path ?? route.match.path_separated_prefix;
}

function compileAction(config: RouteActionConfig, route: RouteConfig, hostRetry: RetryPolicyConfig | undefined): RouteAction {
  const prefix = matchedPrefix(route);
  let rewritePath: RouteAction['rewritePath'];
  if (config.regex_rewrite !== undefined) rewritePath = compileRewrite(config.regex_rewrite);
  else if (config.prefix_rewrite !== undefined && prefix !== undefined) {
    const replacement = config.prefix_rewrite;
    rewritePath = (text) => replacement + text.slice(prefix.length);
  }
  return { config, retry: config.retry_policy ?? hostRetry, rewritePath };
}
