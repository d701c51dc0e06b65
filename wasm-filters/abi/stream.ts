import {
  proxy_continue_stream, proxy_get_current_time_nanoseconds, proxy_get_property, proxy_send_local_response,
  proxy_set_effective_context, proxy_set_tick_period_milliseconds, Status, StreamType,
} from "./host";
import { encodePairs } from "./headers";
import { addressOf, slotPointer, slotSize, utf8 } from "./memory";

/** Reads a property (path segments joined by NUL) into the result slot; on success the caller owes `takeText` or `releaseResult`. */
export function readProperty(path: ArrayBuffer): u32 {
  return proxy_get_property(addressOf(path), path.byteLength, slotPointer(), slotSize());
}

/** Makes host calls work on this stream. False when the stream is gone. */
export function enterStream(stream: u32): bool {
  return proxy_set_effective_context(stream) == Status.Ok;
}

/** Sends a stopped request on, after this call has returned. */
export function continueRequest(): void {
  proxy_continue_stream(StreamType.Request);
}

/** Answers the request here. gRPC requests get the grpc-status that belongs to the HTTP status. */
export function sendLocalReply(status: u32, details: string, body: string): void {
  const detailBytes = utf8(details);
  const bodyBytes = utf8(body);
  const headers = encodePairs([]);
  proxy_send_local_response(
    status, addressOf(detailBytes), detailBytes.byteLength, addressOf(bodyBytes), bodyBytes.byteLength,
    addressOf(headers), headers.byteLength, -1,
  );
}

export function setTickPeriod(milliseconds: u32): void {
  proxy_set_tick_period_milliseconds(milliseconds);
}

/** Milliseconds since the epoch, with fractions. */
export function now(): f64 {
  if (proxy_get_current_time_nanoseconds(slotPointer()) != Status.Ok) return 0;
  return (load<u64>(slotPointer()) as f64) / 1e6;
}
