import { any, type JsonObject } from './json.ts';

/** The filter's name. */
export const bodyLimitName = 'envoy.filters.http.buffer';

/** What a REST request's body may have, in bytes. */
export const maxRestBodyBytes = 1_048_576;

/**
 * Refuses larger bodies with 413 before the transcoder, whose own limit is about google.api.HttpBody only: it hands JSON on field by field and keeps
 * what it has not understood yet, however much that is.
 */
export function bodyLimit(): JsonObject {
  return {
    name: bodyLimitName,
    typed_config: any('envoy.extensions.filters.http.buffer.v3.Buffer', { max_request_bytes: maxRestBodyBytes }),
  };
}

/** For native gRPC, whose messages the services limit by themselves: nothing of it waits here. */
export function noBodyLimit(): JsonObject {
  return any('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', { disabled: true });
}

/** For the routes that a REST request is on until it is transcoded. */
export function restBodyLimit(): JsonObject {
  return any('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', { buffer: { max_request_bytes: maxRestBodyBytes } });
}
