import type { TokenRequest } from '../cloud/issuer/token-request.ts';
import type { Endpoints } from './endpoints.ts';

/** A token from the local issuer. @throws {Error} with its answer where it refuses. */
export async function devToken(
  { issuer }: Pick<Endpoints, 'issuer'>,
  kind: TokenRequest['kind'],
  subject: string,
  more: Omit<TokenRequest, 'kind' | 'subject'> = {},
): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind, subject, ...more }),
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`the issuer gives no token to ${kind} ${subject}: HTTP ${response.status} ${body}`);
  return (JSON.parse(body) as { token: string }).token;
}
