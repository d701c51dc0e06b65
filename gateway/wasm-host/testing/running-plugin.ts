import { createPlugin } from '../create-plugin.ts';
import type { Plugin, PluginConfig, PropertyValue } from '../host.ts';
import { compileFixture } from './compile-fixture.ts';
import { prelude } from './fixture-prelude.ts';
import { pluginConfig, ScriptedProxy, ScriptedStream } from './scripted-proxy.ts';

/** Loads a fixture written in AssemblyScript behind the prelude. */
export async function runFixture(source: string, rest: Partial<PluginConfig> = {}, proxy = new ScriptedProxy()): Promise<RunningPlugin> {
  const code = await compileFixture(prelude + source);
  return { proxy, code, plugin: await createPlugin(pluginConfig(code, '', rest), proxy) };
}

export interface RunningPlugin {
  readonly proxy: ScriptedProxy;
  readonly plugin: Plugin;
  readonly code: Uint8Array;
}

/** Sends request headers through a plugin; the order of what happens is in the proxy's lines. */
export function request(
  { plugin, proxy }: RunningPlugin,
  properties: Readonly<Record<string, PropertyValue>> = {},
  headers: readonly (readonly [string, string])[] = [[':path', '/']],
) {
  const environment = new ScriptedStream(headers, properties);
  environment.onEvent = (event) => proxy.lines.push(`proxy: ${event}`);
  const stream = plugin.createStream(environment);
  return { environment, stream, action: stream.onRequestHeaders(true) };
}

/** What the plugin said, without the level. */
export const said = ({ proxy }: RunningPlugin): string[] => proxy.lines.map((line) => line.replace(/^info: /, ''));
