// What the proxy calls. A filter's index.ts re-exports all of it: `export * from "../../abi/exports";`
import { malloc } from "./memory";
import { configure, createContext, deleteContext, httpCallResponse, requestHeaders, tick } from "./root-context";

export { malloc } from "./memory";

export function proxy_on_memory_allocate(size: usize): usize { return malloc(size); }
export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(id: u32, parent: u32): void { createContext(id, parent); }
export function proxy_on_vm_start(root: u32, configurationSize: u32): u32 { return 1; }
export function proxy_on_configure(root: u32, configurationSize: u32): u32 { return configure(root, configurationSize) ? 1 : 0; }
export function proxy_on_tick(root: u32): void { tick(root); }
export function proxy_on_request_headers(stream: u32, headers: u32, endOfStream: u32): u32 { return requestHeaders(stream); }
export function proxy_on_http_call_response(root: u32, call: u32, headers: u32, bodySize: u32, trailers: u32): void {
  httpCallResponse(root, call, headers, bodySize);
}
export function proxy_on_delete(context: u32): void { deleteContext(context); }
