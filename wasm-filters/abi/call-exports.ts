// What the proxy calls of a filter that makes HTTP calls; in its index.ts beside exports.ts.
import { httpCallResponse, tick } from "./plugin";

export function proxy_on_tick(root: u32): void { tick(root); }
export function proxy_on_http_call_response(root: u32, call: u32, headers: u32, bodySize: u32, trailers: u32): void {
  httpCallResponse(root, call, headers, bodySize);
}
