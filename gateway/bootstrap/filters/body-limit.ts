import { defaultMaxRequestBytes } from '../../../services/platform/contracts/request-size.ts';
import type { GatewayMethod } from '../gateway-methods.ts';
import { any, type JsonObject } from '../json.ts';

/** The filter's name. */
export const bodyLimitName = 'envoy.filters.http.buffer';

/**
 * Refuses larger bodies with 413 before the transcoder, whose own limit is about google.api.HttpBody only: it hands JSON on field by field and keeps
 * what it has not understood yet, however much that is.
 */
export function bodyLimit(): JsonObject {
  return {
    name: bodyLimitName,
    typed_config: any('envoy.extensions.filters.http.buffer.v3.Buffer', { max_request_bytes: defaultMaxRequestBytes }),
  };
}

/** For a route that a REST request is on until it is transcoded, where the method takes more than others do. */
export function restBodyLimit(method: GatewayMethod): JsonObject {
  const maxBytes = maxRestBytes(method);
  if (maxBytes === defaultMaxRequestBytes) return {};
  return { [bodyLimitName]: any('envoy.extensions.filters.http.buffer.v3.BufferPerRoute', { buffer: { max_request_bytes: maxBytes } }) };
}

/** Room for the names of fields, and for what is text anyway, in bytes. */
const jsonOverheadBytes = 262_144;

/**
 * What a method's REST requests may have, in bytes. Where a method takes more than others do, that is for bytes, which are base64 in JSON: a third more.
 * Otherwise JSON gets no more room than its message.
 */
export function maxRestBytes({ maxRequestBytes }: GatewayMethod): number {
  return maxRequestBytes === defaultMaxRequestBytes ? maxRequestBytes : Math.ceil(maxRequestBytes / 3) * 4 + jsonOverheadBytes;
}
