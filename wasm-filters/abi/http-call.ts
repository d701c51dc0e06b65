import { BufferType, HeaderMap, proxy_get_buffer_bytes, proxy_http_call, Status } from "./host";
import { encodePairs, getHeader } from "./headers";
import { addressOf, releaseResult, resultPointer, resultSize, slotPointer, slotSize, utf8 } from "./memory";

const STATUS_HEADER = String.UTF8.encode(":status");

/** What became of asking for a call. A failure here comes with no callback. */
export class HttpCall {
  constructor(public status: u32, public id: u32) {}
}

/** Starts a call with these headers (names and values in turn) and no body. `cluster` is the exact name of a cluster of the proxy. */
export function httpCall(cluster: string, headers: string[], timeoutMs: u32): HttpCall {
  const upstream = utf8(cluster);
  const pairs = encodePairs(headers);
  const trailers = encodePairs([]);
  const status = proxy_http_call(
    addressOf(upstream), upstream.byteLength, addressOf(pairs), pairs.byteLength, 0, 0, addressOf(trailers), trailers.byteLength,
    timeoutMs, slotPointer(),
  );
  return new HttpCall(status, status == Status.Ok ? load<u32>(slotPointer()) : 0);
}

/** The `:status` of the answer; "" where there is none (the call was reset). Only during the callback. */
export function httpCallStatus(): string {
  const status = getHeader(HeaderMap.HttpCallResponse, STATUS_HEADER);
  return status === null ? "" : status;
}

/** The answer's body, or null where the host has none. Only during the callback. */
export function httpCallBody(size: u32): ArrayBuffer | null {
  if (size == 0) return new ArrayBuffer(0);
  const status = proxy_get_buffer_bytes(BufferType.HttpCallBody, 0, size, slotPointer(), slotSize());
  if (status != Status.Ok) return null;
  const body = new ArrayBuffer(resultSize());
  memory.copy(addressOf(body), resultPointer(), resultSize());
  releaseResult();
  return body;
}
