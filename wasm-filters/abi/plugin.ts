import { BufferType, FilterHeadersStatus, proxy_get_buffer_bytes, Status } from "./host";
import { logError } from "./log";
import { slotPointer, slotSize, takeText } from "./memory";

/**
 * What a filter does. Streams have no object of their own, and their end is not told: a filter that keeps state for a stream keeps it by the stream's
 * id, and finds out by `enterStream` that the stream is gone. That saves three calls into the VM for each request.
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
let plugin: Plugin | null = null;
let pluginRoot: u32 = 0;

/** What this module makes when it is configured. Called once, at top level of the filter's index.ts. */
export function setPluginFactory(create: PluginFactory): void { factory = create; }

export function configure(root: u32, size: u32): bool {
  if (plugin !== null && pluginRoot != root) {
    // Which of two plugins a stream belongs to, nobody tells: one would run by the other's configuration.
    logError("a VM holds one configuration of a filter: give each a vm_id of its own");
    return false;
  }
  const create = factory;
  if (create === null) return false;
  let configuration = "";
  if (size > 0) {
    if (proxy_get_buffer_bytes(BufferType.PluginConfiguration, 0, size, slotPointer(), slotSize()) != Status.Ok) return false;
    configuration = takeText();
  }
  const created = create();
  if (!created.onConfigure(configuration)) return false;
  plugin = created;
  pluginRoot = root;
  return true;
}

export function tick(): void {
  const current = plugin;
  if (current !== null) current.onTick();
}

/** A request that comes to a VM without a configuration must not go on. Envoy sends none. */
export function requestHeaders(stream: u32): u32 {
  const current = plugin;
  return current === null ? FilterHeadersStatus.StopIteration : current.onRequestHeaders(stream);
}

export function httpCallResponse(call: u32, headers: u32, bodySize: u32): void {
  const current = plugin;
  if (current !== null) current.onHttpCallResponse(call, headers, bodySize);
}
