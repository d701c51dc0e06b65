import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPlugin } from '../../../gateway/wasm-host/create-plugin.ts';
import type { Plugin, PropertyValue } from '../../../gateway/wasm-host/host.ts';
import { pluginConfig, ScriptedProxy, ScriptedStream } from '../../../gateway/wasm-host/testing/scripted-proxy.ts';

/** As at the edge: the token makes the choice. */
export const byClaim = {
  payloads: ['customer', 'partner'],
  claim: 'kumiko_preview',
  choice_header: 'x-preview',
  headers: { customer: 'x-preview-customer', partner: 'x-preview-partner', job: 'x-preview-job' },
};

/** As at the jobs gateway: verified callers carry a choice on. */
export const byHeader = { ...byClaim, payloads: ['trigger'], claim: undefined };

/** The compiled filter; `npm run build` makes it. */
export const filterCode = (): Uint8Array => readFileSync(join(import.meta.dirname, '../../build/dynamic-routing.wasm'));

/** What became of a request's routing headers, by name. */
export interface Routed {
  readonly environment: ScriptedStream;
  readonly headers: Readonly<Record<string, string>>;
}

/** The filter in the strict host. */
export class RunningFilter {
  readonly proxy: ScriptedProxy;
  readonly plugin: Plugin;

  private constructor(proxy: ScriptedProxy, plugin: Plugin) {
    this.proxy = proxy;
    this.plugin = plugin;
  }

  static async start(config: unknown = byClaim): Promise<RunningFilter> {
    const proxy = new ScriptedProxy();
    return new RunningFilter(proxy, await createPlugin(pluginConfig(filterCode(), config, { name: 'dynamic-routing' }), proxy));
  }

  /** Sends a request through. `payloads` is what jwt_authn has left, by provider. */
  route(payloads: Readonly<Record<string, PropertyValue>>, headers: readonly (readonly [string, string])[] = []): Routed {
    const environment = new JwtStream([[':path', '/'], ['accept', '*/*'], ...headers], payloads);
    const stream = this.plugin.createStream(environment);
    if (stream.onRequestHeaders(true) !== 'continue') throw new Error('the filter never stops a request');
    stream.onDone();
    const left = [...environment.request.entries()].filter(([name]) => name.startsWith('x-preview'));
    if (new Set(left.map(([name]) => name)).size !== left.length) throw new Error('a routing header stands twice');
    return { environment, headers: Object.fromEntries(left) };
  }

  /** A metric without its prefix. */
  metric(name: string): number {
    return Number(this.plugin.metrics().find((entry) => entry.name === `dynamic_routing_${name}`)?.value);
  }

  /** Whether the VM trapped. */
  get trapped(): boolean {
    return this.proxy.lines.some((line) => line.startsWith('critical'));
  }
}

/** A stream whose dynamic metadata holds these payloads. */
class JwtStream extends ScriptedStream {
  readonly #metadata: PropertyValue;

  constructor(headers: readonly (readonly [string, string])[], payloads: Readonly<Record<string, PropertyValue>>) {
    super(headers, {});
    this.#metadata = { metadata: { filter_metadata: { 'envoy.filters.http.jwt_authn': payloads } } };
  }

  override property(path: readonly string[]): PropertyValue {
    return path.reduce<PropertyValue>(
      (value, name) => (typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? value[name] : undefined),
      this.#metadata,
    );
  }
}
