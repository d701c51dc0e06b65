import { BufferType, FilterHeadersStatus, proxy_get_buffer_bytes, Status } from "./host";
import { slotPointer, slotSize, takeText } from "./memory";
import { sendLocalReply } from "./stream";

/**
 * What a filter does by one configuration. Streams have no object of their own, and their end is not told: a filter that keeps state for a stream keeps
 * it by the stream's id, and finds out by `enterStream` that the stream is gone.
 */
export abstract class Plugin {
  /** False refuses the configuration. */
  onConfigure(configuration: string): bool { return true; }
  onTick(): void {}
  onRequestHeaders(stream: u32): u32 { return FilterHeadersStatus.Continue; }
  /** `headers`: their number, none where the connection broke. */
  onHttpCallResponse(call: u32, headers: u32, bodySize: u32): void {}
}

type PluginFactory = () => Plugin;

let factory: PluginFactory | null = null;

/**
 * By the id of the root context. There is one, but a changed configuration comes to the same VM beside the old one. It must not be refused then: Envoy
 * would leave the filter out, and let requests pass it.
 */
const plugins = new Map<u32, Plugin>();

/** The stream that was made last, and whose it is. Envoy makes one right before it shows its request, so that none needs to be looked up. */
let lastStream: u32 = 0;
let lastRoot: u32 = 0;
let lastPlugin: Plugin | null = null;

/** What this module makes for each configuration. Called once, at top level of the filter's index.ts. */
export function setPluginFactory(create: PluginFactory): void { factory = create; }

export function configure(root: u32, size: u32): bool {
  const create = factory;
  if (create === null) return false;
  let configuration = "";
  if (size > 0) {
    if (proxy_get_buffer_bytes(BufferType.PluginConfiguration, 0, size, slotPointer(), slotSize()) != Status.Ok) return false;
    configuration = takeText();
  }
  const plugin = create();
  if (!plugin.onConfigure(configuration)) return false;
  plugins.set(root, plugin);
  return true;
}

export function createContext(id: u32, parent: u32): void {
  if (parent == 0) return;
  lastStream = id;
  if (parent == lastRoot && lastPlugin !== null) return;
  lastRoot = parent;
  lastPlugin = find(parent);
}

export function requestHeaders(stream: u32): u32 {
  const plugin = lastPlugin;
  if (plugin !== null && stream == lastStream) return plugin.onRequestHeaders(stream);
  // No filter may be skipped for a request that belongs to nobody.
  sendLocalReply(503, "wasm_no_configuration", "");
  return FilterHeadersStatus.StopIteration;
}

export function tick(root: u32): void {
  const plugin = find(root);
  if (plugin !== null) plugin.onTick();
}

export function httpCallResponse(root: u32, call: u32, headers: u32, bodySize: u32): void {
  const plugin = find(root);
  if (plugin !== null) plugin.onHttpCallResponse(call, headers, bodySize);
}

function find(root: u32): Plugin | null {
  return plugins.has(root) ? plugins.get(root) : null;
}
