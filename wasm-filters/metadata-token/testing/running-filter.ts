import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FilterHost } from '../../testing/host/filter-host.ts';
import type { Stream } from '../../testing/host/stream.ts';

export const tokenHeader = 'x-serverless-authorization';
export const hourMs = 3_600_000;

export const configuration = {
  metadata_cluster: 'metadata',
  token_header: tokenHeader,
  audiences: {
    customer: 'https://customer.example/path?a=1&b=2',
    'customer-of-old': 'https://customer.example/path?a=1&b=2',
    partner: 'https://partner.example',
    open: null as string | null,
  },
  access_token_scopes: { apis: 'https://www.googleapis.com/auth/cloud-platform' },
  not_found_routes: ['not-found'],
  answering_routes: ['preview/*'],
};

/** The compiled filter; `npm run build` makes it. */
export const filterCode = (): Uint8Array => readFileSync(join(import.meta.dirname, '../../build/metadata-token.wasm'));

/** One request as the test sees it. */
export interface Request {
  readonly stream: Stream;
  /** The token header as it would go upstream. */
  readonly token: () => string | undefined;
}

/** What a request brings, and where its route has led. */
interface RequestOptions {
  readonly headers?: readonly (readonly [string, string])[];
  /** null: none. */
  readonly route?: string | null;
}

/** The filter in the test host, with a metadata server that the test plays through `host.calls`. */
export class RunningFilter {
  readonly host: FilterHost;

  private constructor(host: FilterHost) {
    this.host = host;
  }

  static async start(config: unknown = configuration): Promise<RunningFilter> {
    return new RunningFilter(await FilterHost.start(filterCode(), typeof config === 'string' ? config : JSON.stringify(config)));
  }

  /** `cluster` undefined: the route leads to none. */
  request(cluster: string | undefined, { headers = [], route = 'main' }: RequestOptions = {}): Request {
    const stream = this.host.request([[':path', '/'], ...headers], { xds: { cluster_name: cluster, route_name: route ?? undefined } });
    return { stream, token: () => stream.headers.get(tokenHeader) };
  }

  /** A metric without its prefix. */
  metric(name: string): number {
    return this.host.metric(`metadata_token_${name}`);
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
