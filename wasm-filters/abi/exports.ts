// What the proxy calls of every filter. A filter's index.ts re-exports all of it. A callback that is not exported costs nothing for any stream.
import { malloc } from "./memory";
import { configure, createContext, requestHeaders } from "./plugin";

export function proxy_on_memory_allocate(size: usize): usize { return malloc(size); }
export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(id: u32, parent: u32): void { createContext(id, parent); }
export function proxy_on_configure(root: u32, configurationSize: u32): u32 { return configure(root, configurationSize) ? 1 : 0; }
export function proxy_on_request_headers(stream: u32, headers: u32, endOfStream: u32): u32 { return requestHeaders(stream); }
