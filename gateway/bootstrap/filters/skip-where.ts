import { any, type Json, type JsonObject } from '../json.ts';

/** A matcher of a filter with ExtensionWithMatcher: the filter does nothing for what the predicate is about. */
export function skipWhere(predicate: Json): JsonObject {
  const action = { name: 'skip', typed_config: any('envoy.extensions.filters.common.matcher.action.v3.SkipFilter') };
  return { matcher_list: { matchers: [{ predicate, on_match: { action } }] } };
}
