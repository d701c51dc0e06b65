import type { AuthClient } from 'google-auth-library';
import { type HeldTokenOptions, holdToken, type Token } from './held-token.ts';

/**
 * The service account that this process runs as, for Google's clients: `authClient` of their options. Left to themselves these let each call fail where the
 * metadata server is down in the last five minutes of a token, and on Cloud Run wait without an end for an answer that does not come.
 */
export async function serviceAccount(options: HeldTokenOptions = {}): Promise<AuthClient> {
  const { Compute } = await import('google-auth-library');
  const authorization = holdToken(fetchAccessToken, options);
  class HeldAccount extends Compute {
    protected override async getRequestMetadataAsync() {
      return { headers: new Headers({ authorization: await authorization() }) };
    }
  }
  return new HeldAccount();
}

/** An access token of this process' service account from the metadata server. @throws where that does not answer. */
export async function fetchAccessToken(): Promise<Token> {
  const { Compute } = await import('google-auth-library');
  // A new one each time: the library's has all its callers wait for a fetch that never ends.
  const { access_token: token, expiry_date: expiresAt } = (await new Compute().refreshAccessToken()).credentials;
  if (!token || !expiresAt) throw new Error('the metadata server answered without a token or its end');
  return { header: `Bearer ${token}`, expiresAt };
}
