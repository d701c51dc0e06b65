import { BufferType, FilterHeadersStatus, proxy_get_buffer_bytes, Status } from "./host";
import { slotPointer, slotSize, takeText } from "./memory";

/**
 * One configured plugin. Streams have no object of their own: a filter that keeps state for a stream keeps it by the stream's id, and drops it
 * in `onDelete`. A VM can hold several plugins.
 */
export abstract class RootContext {
  constructor(public id: u32) {}
  /** False refuses the configuration. */
  onConfigure(configuration: string): bool { return true; }
  onTick(): void {}
  onRequestHeaders(stream: u32): u32 { return FilterHeadersStatus.Continue; }
  onHttpCallResponse(call: u32, headers: u32, bodySize: u32): void {}
  /** The stream is gone: its id must not be used again. */
  onDelete(stream: u32): void {}
}

type RootFactory = (id: u32) => RootContext;

let factory: RootFactory | null = null;
const roots = new Map<u32, RootContext>();
const streams = new Map<u32, RootContext>();

/** What this module makes for each plugin. Called once, at top level of the filter's index.ts. */
export function setRootFactory(create: RootFactory): void { factory = create; }

export function createContext(id: u32, parent: u32): void {
  if (parent == 0) {
    const create = factory;
    if (create !== null) roots.set(id, create(id));
  } else if (roots.has(parent)) {
    streams.set(id, roots.get(parent));
  }
}

export function configure(root: u32, size: u32): bool {
  if (!roots.has(root)) return false;
  let configuration = "";
  if (size > 0) {
    if (proxy_get_buffer_bytes(BufferType.PluginConfiguration, 0, size, slotPointer(), slotSize()) != Status.Ok) return false;
    configuration = takeText();
  }
  return roots.get(root).onConfigure(configuration);
}

export function tick(root: u32): void {
  if (roots.has(root)) roots.get(root).onTick();
}

export function requestHeaders(stream: u32): u32 {
  return streams.has(stream) ? streams.get(stream).onRequestHeaders(stream) : FilterHeadersStatus.Continue;
}

export function httpCallResponse(root: u32, call: u32, headers: u32, bodySize: u32): void {
  if (roots.has(root)) roots.get(root).onHttpCallResponse(call, headers, bodySize);
}

export function deleteContext(id: u32): void {
  if (streams.has(id)) {
    streams.get(id).onDelete(id);
    streams.delete(id);
  } else {
    roots.delete(id);
  }
}
