import { createHash } from 'node:crypto';
import { checkModule } from './check-module.ts';
import type { Plugin, PluginConfig, PluginEnvironment, PluginStream, StreamEnvironment } from './host.ts';
import { moduleSignatures } from './module-signatures.ts';
import { PluginVm } from './plugin-vm.ts';
import { SharedData } from './shared-data.ts';
import { failedReply, StreamContext } from './stream-context.ts';

/** What the plugins of one proxy share. */
interface Scope {
  readonly vms: Map<string, PluginVm>;
  /** By vmId. */
  readonly sharedData: Map<string, SharedData>;
}

const scopes = new WeakMap<object, Scope>();

/**
 * Loads a proxy-wasm plugin (ABI 0.2.1) and starts it. Plugins of the same `proxy` (any object that stands for it) with the same vmId,
 * vmConfiguration and code share one VM, and with it its fate, its metrics and its memory.
 *
 * Rejects with an error that names the reason: a module that this host cannot run, a trap during the start, or a configuration that the plugin refuses.
 *
 *     const plugin = await createPlugin(config, environment);
 *     const stream = plugin.createStream(streamEnvironment);
 *     if (stream.onRequestHeaders(true) === 'continue') …
 *     stream.onDone();
 */
export async function createPlugin(config: PluginConfig, environment: PluginEnvironment, proxy: object = environment): Promise<Plugin> {
  const module = await compile(config);
  const scope = scopes.get(proxy) ?? { vms: new Map(), sharedData: new Map() };
  scopes.set(proxy, scope);
  const sharedData = scope.sharedData.get(config.vmId) ?? new SharedData();
  scope.sharedData.set(config.vmId, sharedData);

  const key = vmKey(config);
  const running = scope.vms.get(key);
  const vm =
    running === undefined || running.failed
      ? new PluginVm({ module, name: config.name, vmConfiguration: config.vmConfiguration, sharedData, environment })
      : running;
  const member = vm.add(config, environment);
  scope.vms.set(key, vm);

  return {
    createStream(stream) {
      const root = vm.rootOf(member);
      return root === undefined ? failedStream(stream) : new StreamContext(root, stream);
    },
    metrics: () => vm.metrics.list(),
    memoryBytes: () => vm.memoryBytes,
    close() {
      vm.remove(member);
      if (vm.empty && scope.vms.get(key) === vm) scope.vms.delete(key);
    },
  };
}

async function compile(config: PluginConfig): Promise<WebAssembly.Module> {
  const code = new Uint8Array(config.code);
  let module: WebAssembly.Module;
  try {
    module = await WebAssembly.compile(code);
  } catch (cause) {
    throw new Error(`wasm plugin "${config.name}" cannot be loaded: it is not a valid wasm module`, { cause });
  }
  checkModule(config.name, moduleSignatures(code));
  return module;
}

function vmKey({ vmId, vmConfiguration, code }: PluginConfig): string {
  const hash = createHash('sha256');
  for (const part of [Buffer.from(vmId), vmConfiguration, code]) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** A stream that came while the VM was down. */
function failedStream(environment: StreamEnvironment): PluginStream {
  return {
    onRequestHeaders() {
      environment.sendLocalReply(failedReply);
      return 'stop';
    },
    onResponseHeaders: () => 'continue',
    onDone() {},
  };
}
