/**
 * AssemblyScript in front of every fixture: raw host functions, and `say` and `tell` to log a text or the status of a call. `at(text)` and
 * `size(text)` give UTF-8 for a host call; `out` is room for results.
 */
export const prelude = `
@external("env", "proxy_log") declare function log(level: i32, at: usize, size: i32): i32;
@external("env", "proxy_get_property") declare function getProperty(path: usize, pathSize: i32, value: usize, valueSize: usize): i32;
@external("env", "proxy_get_header_map_value") declare function getHeader(map: i32, key: usize, keySize: i32, value: usize, valueSize: usize): i32;
@external("env", "proxy_replace_header_map_value") declare function replaceHeader(map: i32, key: usize, keySize: i32, value: usize, valueSize: i32): i32;
@external("env", "proxy_remove_header_map_value") declare function removeHeader(map: i32, key: usize, keySize: i32): i32;
@external("env", "proxy_get_buffer_bytes") declare function getBuffer(type: i32, start: i32, length: i32, value: usize, valueSize: usize): i32;
@external("env", "proxy_http_call") declare function httpCall(cluster: usize, clusterSize: i32, headers: usize, headersSize: i32, body: usize, bodySize: i32, trailers: usize, trailersSize: i32, timeout: i32, id: usize): i32;
@external("env", "proxy_send_local_response") declare function sendLocalResponse(status: i32, details: usize, detailsSize: i32, body: usize, bodySize: i32, headers: usize, headersSize: i32, grpc: i32): i32;
@external("env", "proxy_continue_stream") declare function continueStream(stream: i32): i32;
@external("env", "proxy_set_effective_context") declare function setEffectiveContext(id: i32): i32;
@external("env", "proxy_set_tick_period_milliseconds") declare function setTickPeriod(period: i32): i32;
@external("env", "proxy_get_current_time_nanoseconds") declare function currentTime(out: usize): i32;
@external("env", "proxy_define_metric") declare function defineMetric(type: i32, name: usize, nameSize: i32, id: usize): i32;
@external("env", "proxy_increment_metric") declare function incrementMetric(id: i32, offset: i64): i32;

const out: usize = memory.data(32, 8);

function at(text: string): usize { return changetype<usize>(String.UTF8.encode(text)); }
function size(text: string): i32 { return String.UTF8.byteLength(text); }
function say(text: string): void { log(2, at(text), size(text)); }
function tell(what: string, status: i32): void { say(what + "=" + status.toString()); }
/** The text that the last call gave. */
function given(): string { return String.UTF8.decodeUnsafe(load<u32>(out), load<i32>(out + 4)); }
/** Names and values in turn, in the map format. */
function pairs(texts: string[]): ArrayBuffer {
  let total = 4 + texts.length * 5;
  for (let i = 0; i < texts.length; i++) total += size(texts[i]);
  const result = new ArrayBuffer(total);
  const start = changetype<usize>(result);
  store<u32>(start, texts.length / 2);
  let sizes = start + 4, bytes = sizes + texts.length * 4;
  for (let i = 0; i < texts.length; i++) {
    store<u32>(sizes, size(texts[i])); sizes += 4;
    memory.copy(bytes, at(texts[i]), size(texts[i])); bytes += size(texts[i]) + 1;
  }
  return result;
}
function call(cluster: string, headers: string[], timeout: i32 = 1000): i32 {
  const list = pairs(headers), none = pairs([]);
  return httpCall(at(cluster), size(cluster), changetype<usize>(list), list.byteLength, 0, 0, changetype<usize>(none), none.byteLength, timeout, out);
}
function reply(status: i32, details: string, body: string = ""): i32 {
  const none = pairs([]);
  return sendLocalResponse(status, at(details), size(details), at(body), size(body), changetype<usize>(none), none.byteLength, -1);
}
function header(name: string): string { return getHeader(0, at(name), size(name), out, out + 4) == 0 ? given() : "-"; }
`;
