import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPlugin } from '../../../gateway/wasm-host/create-plugin.ts';
import type { Plugin, PluginStream } from '../../../gateway/wasm-host/host.ts';
import { pluginConfig, ScriptedProxy, ScriptedStream } from '../../../gateway/wasm-host/testing/scripted-proxy.ts';

export const tokenHeader = 'x-serverless-authorization';
export const hourMs = 3_600_000;

export const configuration = {
  metadata_cluster: 'metadata',
  token_header: tokenHeader,
  audiences: {
    customer: 'https://customer.example/path?a=1&b=2',
    'customer-preview': 'https://customer.example/path?a=1&b=2',
    partner: 'https://partner.example',
    open: null as string | null,
  },
  access_token_scopes: { apis: 'https://www.googleapis.com/auth/cloud-platform' },
  answering_routes: ['not-found', 'unknown-preview/*'],
};

/** The compiled filter; `npm run build` makes it. */
export const filterCode = (): Uint8Array => readFileSync(join(import.meta.dirname, '../../build/metadata-token.wasm'));

/** One request as the test sees it. */
export interface Request {
  readonly stream: PluginStream;
  readonly environment: ScriptedStream;
  readonly action: 'continue' | 'stop';
  /** The token header as it would go upstream. */
  readonly token: () => string | undefined;
}

/** The filter in the strict host, with a metadata server that the test plays through `proxy.calls`. */
export class RunningFilter {
  readonly proxy: ScriptedProxy;
  readonly plugin: Plugin;

  private constructor(proxy: ScriptedProxy, plugin: Plugin) {
    this.proxy = proxy;
    this.plugin = plugin;
  }

  static async start(config: unknown = configuration): Promise<RunningFilter> {
    const proxy = new ScriptedProxy();
    return new RunningFilter(proxy, await createPlugin(pluginConfig(filterCode(), config, { name: 'metadata-token' }), proxy));
  }

  request(cluster: string | undefined, headers: readonly (readonly [string, string])[] = [], route: string | undefined = 'r'): Request {
    const environment = new ScriptedStream([[':path', '/'], ...headers], { 'xds.cluster_name': cluster, 'xds.route_name': route });
    const stream = this.plugin.createStream(environment);
    return { stream, environment, action: stream.onRequestHeaders(true), token: () => environment.request.get(tokenHeader) };
  }

  /** A metric without its prefix. */
  metric(name: string): number {
    return Number(this.plugin.metrics().find((entry) => entry.name === `metadata_token_${name}`)?.value);
  }

  /** Whether the VM trapped. */
  get trapped(): boolean {
    return this.proxy.lines.some((line) => line.startsWith('critical'));
  }
}

/** A JWT that expires so many milliseconds from now. */
export function jwt(lifetimeMs: number, payload: object = {}): string {
  return jwtOf({ ...payload, exp: Math.floor((Date.now() + lifetimeMs) / 1000) });
}

/** A JWT with this payload: an object, or text that need not be JSON. */
export function jwtOf(payload: object | string): string {
  const part = (value: object | string): string =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', kid: 'k' })}.${part(payload)}.c2lnbmF0dXJl`;
}
