import { any, type JsonObject } from '../json.ts';
import { skipWhere } from './skip-where.ts';

/**
 * Says of every answer that is no success that nobody is to keep it. A route says what its successes are worth, and its words would stand on its errors
 * too: what a status becomes in REST is known behind the transcoder only, so this filter stands before it, and before whatever else rejects.
 */
export function errorCaching(): JsonObject {
  return {
    name: 'error-caching',
    typed_config: any('envoy.extensions.common.matching.v3.ExtensionWithMatcher', {
      extension_config: {
        name: 'envoy.filters.http.header_mutation',
        typed_config: any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', {
          mutations: {
            response_mutations: [
              { append: { header: { key: 'cache-control', value: 'no-store' }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } },
            ],
          },
        }),
      },
      xds_matcher: skipWhere({
        single_predicate: {
          input: { name: 'status', typed_config: any('envoy.type.matcher.v3.HttpResponseHeaderMatchInput', { header_name: ':status' }) },
          value_match: { prefix: '2' },
        },
      }),
    }),
  };
}
