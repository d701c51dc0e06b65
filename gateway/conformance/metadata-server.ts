import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Makes an ID token for an audience. */
export type IdentityTokens = (audience: string) => Promise<string>;

/** A metadata server of its own, which has no tokens for some audiences. */
export interface MetadataServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Starts one on a free port. */
export async function startMetadataServer(tokens: IdentityTokens, refused: ReadonlySet<string>): Promise<MetadataServer> {
  const server = createServer((request, response) => answerIdentity(request, response, tokens, refused));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Answers as Google's metadata server does to
 * `/computeMetadata/v1/instance/service-accounts/default/identity?audience=…` (https://cloud.google.com/run/docs/securing/service-identity).
 */
export async function answerIdentity(
  request: IncomingMessage,
  response: ServerResponse,
  tokens: IdentityTokens,
  refused?: ReadonlySet<string>,
): Promise<void> {
  const audience = new URL(request.url ?? '/', 'http://metadata').searchParams.get('audience') ?? '';
  if (refused?.has(audience) === true) response.writeHead(404).end();
  else response.writeHead(200, { 'metadata-flavor': 'Google' }).end(await tokens(audience));
}
