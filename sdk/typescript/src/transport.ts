import type { Transport } from '@connectrpc/connect';
import { createGrpcWebTransport } from '@connectrpc/connect-web';
import { authorization, retries } from './interceptors.js';
import type { TokenSource } from './partner-token.js';

/** Where the API is, and who calls. */
export interface ApiOptions {
  /** The gateway, such as "https://api.kumiko.example". */
  readonly baseUrl: string;
  /** Left out for methods that need no token. */
  readonly tokens?: TokenSource;
}

/**
 * What clients of `@connectrpc/connect` call through, by gRPC-Web in browsers and in Node.
 *
 *     const partner = createClient(PartnerService, apiTransport({ baseUrl, tokens: partnerTokens({ … }) }));
 */
export function apiTransport({ baseUrl, tokens }: ApiOptions): Transport {
  // The first stands around the others: each attempt has a token of its own.
  const interceptors = [retries(), ...(tokens === undefined ? [] : [authorization(tokens)])];
  return createGrpcWebTransport({ baseUrl, interceptors });
}
