import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FilterHost } from '../../testing/host/filter-host.ts';
import type { Property } from '../../testing/host/properties.ts';
import type { Stream } from '../../testing/host/stream.ts';

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

/** The same where the gateway removes the headers before any filter. */
export const byClaimStripped = { ...byClaim, stripped_early: true };

/** What became of a request's routing headers, by name. */
export interface Routed {
  readonly stream: Stream;
  readonly headers: Readonly<Record<string, string>>;
}

/** The filter in the test host. */
export class RunningFilter {
  readonly host: FilterHost;

  private constructor(host: FilterHost) {
    this.host = host;
  }

  static async start(config: unknown = byClaim): Promise<RunningFilter> {
    return new RunningFilter(await FilterHost.start(filterCode(), typeof config === 'string' ? config : JSON.stringify(config)));
  }

  /** Sends a request through. `payloads` is what jwt_authn has left, by provider. */
  route(payloads: { readonly [provider: string]: Property }, headers: readonly (readonly [string, string])[] = []): Routed {
    const metadata = { filter_metadata: { 'envoy.filters.http.jwt_authn': payloads } };
    const stream = this.host.request([[':path', '/'], ['accept', '*/*'], ...headers], { metadata });
    if (stream.state !== 'sent') throw new Error('the filter never stops a request');
    stream.end();
    const left = stream.headers.entries().filter(([name]) => name.startsWith('x-preview'));
    if (new Set(left.map(([name]) => name)).size !== left.length) throw new Error('a routing header stands twice');
    return { stream, headers: Object.fromEntries(left) };
  }

  /** A metric without its prefix. */
  metric(name: string): number {
    return this.host.metric(`dynamic_routing_${name}`);
  }
}
