import type { JsonObject } from './json.ts';

// Conditions of access logs and local replies, both of which see the request as the filters have left it.

/** The transcoder has made it gRPC, but the client waits for JSON. Clients' own copies of this header are removed early. */
const isTranscoded: JsonObject = originalPath(true);

/** A request that is answered in JSON. */
export const isRest: JsonObject = { or_filter: { filters: [isTranscoded, contentTypeIsGrpc(false)] } };

/** A gRPC call by the client itself; gRPC-Web and Connect have become gRPC by then. */
export const isNativeGrpc: JsonObject = { and_filter: { filters: [originalPath(false), contentTypeIsGrpc(true)] } };

function originalPath(present: boolean): JsonObject {
  return { header_filter: { header: { name: 'x-envoy-original-path', present_match: true, ...(!present && { invert_match: true }) } } };
}

function contentTypeIsGrpc(is: boolean): JsonObject {
  const header = { name: 'content-type', string_match: { prefix: 'application/grpc' } };
  return { header_filter: { header: is ? header : { ...header, invert_match: true, treat_missing_header_as_empty: true } } };
}
