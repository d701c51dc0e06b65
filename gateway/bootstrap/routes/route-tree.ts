import { any, type JsonObject } from '../json.ts';

/** A route, and how each path that it may match begins. */
export interface PlacedRoute {
  readonly prefix: string;
  readonly route: JsonObject;
}

/**
 * A virtual host's matcher: routes by the beginning of the path, since a list of all of them is gone through from its start for each request, and again each
 * time that a filter has changed one. Under each beginning stand, in their order, all routes that a path with it may be meant for, those of shorter
 * beginnings included: Envoy looks at the longest beginning only.
 */
export function routeTree(placed: readonly PlacedRoute[]): JsonObject {
  const prefixes = [...new Set(placed.map(({ prefix }) => prefix))].sort();
  const listFor = (beginning: string) => placed.filter(({ prefix }) => beginning.startsWith(prefix)).map(({ route }) => route);
  return {
    matcher_tree: {
      input: { name: 'path', typed_config: any('envoy.type.matcher.v3.HttpRequestHeaderMatchInput', { header_name: ':path' }) },
      prefix_match_map: {
        map: Object.fromEntries(
          prefixes.map((prefix) => [
            prefix,
            { action: { name: 'routes', typed_config: any('envoy.config.route.v3.RouteList', { routes: listFor(prefix) }) } },
          ]),
        ),
      },
    },
  };
}
