import type { RedirectConfig } from './config/route-config.ts';
import type { Headers } from './header-map.ts';

/** The Location of envoy.config.route.v3.RedirectAction. */
export function redirectLocation(config: RedirectConfig, matchedPrefix: string | undefined, request: Headers): string {
  const scheme = config.https_redirect
    ? 'https'
    : (config.scheme_redirect ?? request.get('x-forwarded-proto') ?? request.get(':scheme') ?? 'http');
  const authority = request.get(':authority') ?? '';
  const port = config.port_redirect === undefined ? (authority.match(/:\d+$/)?.[0] ?? '') : `:${config.port_redirect}`;
  const host =
    (config.host_redirect ?? authority.replace(/:\d+$/, '')) +
    (config.host_redirect === undefined || config.port_redirect !== undefined ? port : '');
  const target = request.get(':path') ?? '/';
  const at = target.indexOf('?');
  const query = config.strip_query || at < 0 ? '' : target.slice(at);
  const path = at < 0 ? target : target.slice(0, at);
  if (config.path_redirect !== undefined)
    return `${scheme}://${host}${config.path_redirect}${config.path_redirect.includes('?') ? '' : query}`;
  const rewritten = config.prefix_rewrite === undefined ? path : config.prefix_rewrite + path.slice(matchedPrefix?.length ?? 0);
  return `${scheme}://${host}${rewritten}${query}`;
}
