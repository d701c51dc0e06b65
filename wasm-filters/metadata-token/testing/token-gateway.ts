import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { wasmFilter } from '../../../gateway/bootstrap/filters/wasm-filter.ts';
import type { JsonObject } from '../../../gateway/bootstrap/json.ts';
import type { RunningEnvoy } from '../../../gateway/envoy/start-envoy.ts';
import { cluster, serve } from '../../testing/on-envoy.ts';
import { echoUpstream, type Upstream } from '../../testing/upstream.ts';

export const audiences = {
  customer: 'https://customer.example/path?a=1&b=2',
  'customer-of-old': 'https://customer.example/path?a=1&b=2',
  partner: 'https://partner.example',
} as const;

/** Where there is no way to answer by itself, the router sends a request to "/<cluster>" on. */
const routes: readonly JsonObject[] = [
  ...[...Object.keys(audiences), 'apis', 'open', 'unlisted'].map((name) => ({
    name,
    match: { path: `/${name}` },
    route: { cluster: name },
  })),
  { name: 'by-header', match: { path: '/by-header' }, route: { cluster_header: 'x-cluster' } },
  { name: 'not-found', match: { path: '/nothing' }, direct_response: { status: 404 } },
  { name: 'moved', match: { path: '/moved' }, redirect: { path_redirect: '/customer' } },
  { name: 'other', match: { path: '/other' }, direct_response: { status: 503, body: { inline_string: 'no preview' } } },
];

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The token filter in an Envoy, in front of one upstream under the names of several clusters. */
export interface TokenGateway {
  readonly envoy: RunningEnvoy;
  readonly upstream: Upstream;
  /** Starts a request. */
  open(path: string, headers?: Readonly<Record<string, string>>): ClientRequest;
  /** Sends a request, and waits for its answer: an upstream's is the headers that it got, as JSON. */
  send(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  close(): Promise<void>;
}

/** `before`: filters in front of the token filter. */
export async function tokenGateway(metadataPort: number, before: readonly JsonObject[] = []): Promise<TokenGateway> {
  const upstream = await echoUpstream();
  const configuration = {
    metadata_cluster: 'metadata',
    token_header: 'x-serverless-authorization',
    audiences: { ...audiences, open: null },
    access_token_scopes: { apis: 'https://www.googleapis.com/auth/cloud-platform' },
    not_found_routes: ['not-found'],
    answering_routes: ['moved'],
  };
  const names = [...Object.keys(audiences), 'apis', 'open', 'unlisted'];
  const envoy = await serve({
    filters: [...before, wasmFilter('metadata-token', configuration, { wasmDir: join(import.meta.dirname, '../../build') })],
    routes,
    clusters: [cluster('metadata', metadataPort), ...names.map((name) => cluster(name, upstream.port))],
  });
  const open = (path: string, headers: Readonly<Record<string, string>> = {}): ClientRequest => {
    const request = httpRequest({ port: envoy.ports['main']!, path, headers });
    request.end();
    return request;
  };
  return {
    envoy,
    upstream,
    open,
    send: async (path, headers) => {
      const [response] = (await once(open(path, headers), 'response')) as [IncomingMessage];
      return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(await response.toArray()).toString() };
    },
    close: async () => {
      await envoy.close();
      upstream.close();
    },
  };
}
