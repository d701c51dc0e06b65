import { any, type JsonObject } from '../json.ts';
import { skipWhere } from './skip-where.ts';

/** Takes what only gRPC has a use for out of the answers of REST: the transcoder leaves a success's status in a header. */
const restAnswersName = 'rest-answers';

/** A success's status, and how its messages were compressed on their way here. */
const ofGrpc = ['grpc-status', 'grpc-message', 'grpc-encoding', 'grpc-accept-encoding'];

/** The content type of a stream as REST has it. */
export const streamContentType = 'application/x-ndjson';

/** Says of streams of JSON what they are, https://github.com/ndjson/ndjson-spec: the transcoder calls them application/json. */
const streamAnswersName = 'stream-answers';

/**
 * Filters that are off but on the routes that have something to say of them, by `answersOf`: native gRPC pays nothing for them.
 */
export function answers(): JsonObject[] {
  return [
    {
      name: streamAnswersName,
      disabled: true,
      typed_config: any('envoy.extensions.common.matching.v3.ExtensionWithMatcher', {
        extension_config: {
          name: 'envoy.filters.http.header_mutation',
          typed_config: mutation([
            { append: { header: { key: 'content-type', value: streamContentType }, append_action: 'OVERWRITE_IF_EXISTS_OR_ADD' } },
          ]),
        },
        xds_matcher: successesOnly(),
      }),
    },
    { name: restAnswersName, disabled: true, typed_config: mutation(ofGrpc.map((remove) => ({ remove }))) },
  ];
}

/** For the route that a REST request of a method comes in on. */
export function answersOf(streams: boolean): JsonObject {
  return {
    [restAnswersName]: any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute', { mutations: {} }),
    ...(streams && {
      [streamAnswersName]: any('envoy.extensions.common.matching.v3.ExtensionWithMatcherPerRoute', { xds_matcher: successesOnly() }),
    }),
  };
}

/** An error before a stream begins is one JSON document. */
function successesOnly(): JsonObject {
  const input = { name: 'status', typed_config: any('envoy.type.matcher.v3.HttpResponseHeaderMatchInput', { header_name: ':status' }) };
  return skipWhere({ not_matcher: { single_predicate: { input, value_match: { prefix: '2' } } } });
}

function mutation(response: readonly JsonObject[]): JsonObject {
  return any('envoy.extensions.filters.http.header_mutation.v3.HeaderMutation', { mutations: { response_mutations: [...response] } });
}
