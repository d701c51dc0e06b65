import { HeaderMap, proxy_get_header_map_value, proxy_remove_header_map_value, proxy_replace_header_map_value, Status } from "./host";
import { addressOf, releaseResult, slotPointer, slotSize, takeText } from "./memory";

/** The first value of a header, or null. */
export function getHeader(map: u32, name: ArrayBuffer): string | null {
  const status = proxy_get_header_map_value(map, addressOf(name), name.byteLength, slotPointer(), slotSize());
  return status == Status.Ok ? takeText() : null;
}

/** Reads the first value of a request header into the result slot; on true the caller owes `takeText` or `releaseResult`. */
export function readRequestHeader(name: ArrayBuffer): bool {
  return proxy_get_header_map_value(HeaderMap.Request, addressOf(name), name.byteLength, slotPointer(), slotSize()) == Status.Ok;
}

/** Whether a request has a header, even an empty one. */
export function hasRequestHeader(name: ArrayBuffer): bool {
  if (!readRequestHeader(name)) return false;
  releaseResult();
  return true;
}

/** Sets a request header to this one value. False when the request is gone or was already sent on. */
export function replaceRequestHeader(name: ArrayBuffer, value: ArrayBuffer): bool {
  return proxy_replace_header_map_value(HeaderMap.Request, addressOf(name), name.byteLength, addressOf(value), value.byteLength) == Status.Ok;
}

/** Removes every value of a request header. False when the request is gone or was already sent on. */
export function removeRequestHeader(name: ArrayBuffer): bool {
  return proxy_remove_header_map_value(HeaderMap.Request, addressOf(name), name.byteLength) == Status.Ok;
}

/**
 * Names and values in turn, in the ABI's map format: u32 count, then the sizes of every name and value, then the texts, each ended by NUL.
 * An empty list is four zero bytes.
 */
export function encodePairs(texts: string[]): ArrayBuffer {
  const count = texts.length & ~1;
  let size = 4 + count * 5;
  for (let i = 0; i < count; i++) size += String.UTF8.byteLength(texts[i]);
  const result = new ArrayBuffer(size);
  const start = addressOf(result);
  store<u32>(start, count >> 1);
  let sizes = start + 4;
  let bytes = sizes + count * 4;
  for (let i = 0; i < count; i++) {
    const encoded = String.UTF8.encode(texts[i]);
    store<u32>(sizes, encoded.byteLength);
    sizes += 4;
    memory.copy(bytes, addressOf(encoded), encoded.byteLength);
    bytes += encoded.byteLength + 1;
  }
  return result;
}
