// What tests ask of the routes in a compiled bootstrap.

// biome-ignore lint/suspicious/noExplicitAny: tests walk through JSON.
type Walked = any;

function lists(manager: Walked): Map<string, Walked[]> {
  const { map } = manager.route_config.virtual_hosts[0].matcher.matcher_tree.prefix_match_map;
  return new Map(Object.entries<Walked>(map).map(([prefix, { action }]) => [prefix, action.typed_config.routes]));
}

/** Every route of a connection manager once, those of one beginning of paths in their order. */
export function routesOf(manager: Walked): Walked[] {
  return [...new Map([...lists(manager).values()].flat().map((route) => [route.name, route])).values()];
}

/** The routes that Envoy goes through for a path. */
export function routesFor(manager: Walked, path: string): Walked[] {
  const beginnings = [...lists(manager)].filter(([prefix]) => path.startsWith(prefix));
  return beginnings.reduce((longest, one) => (one[0].length > longest[0].length ? one : longest), ['', []] as [string, Walked[]])[1];
}

/** The route of a request that carries no header of ours. */
export function routeOf(manager: Walked, method: string, path: string): Walked {
  return routesFor(manager, path).find(({ match }) => {
    const headers: Walked[] = match.headers ?? [];
    const fits = ({ name, string_match, invert_match = false }: Walked) =>
      name === ':method' && (string_match.exact === method) !== invert_match;
    if (!headers.every(fits)) return false;
    if (match.safe_regex !== undefined) return new RegExp(`^(?:${match.safe_regex.regex})$`).test(path);
    return match.path === path || (match.prefix !== undefined && path.startsWith(match.prefix));
  });
}

/** What jwt_authn asks for on a route. */
export function requirementOn(manager: Walked, route: Walked): Walked {
  const { requirement_map } = manager.http_filters.find(({ name }: Walked) => name.endsWith('jwt_authn')).typed_config;
  return requirement_map[route.typed_per_filter_config['envoy.filters.http.jwt_authn'].requirement_name];
}
