import { type CryptoKey, SignJWT } from 'jose';

/** Where tokens of a caller come from. */
export interface TokenSource {
  /** A token that is good for some time yet. */
  token(): Promise<string>;
  /** Has the next token be a new one: this one was refused. */
  refuse(token: string): void;
}

/** Who a partner is, and what it proves it with. */
export interface PartnerCredentials {
  /** The gateway, such as "https://api.kumiko.example". */
  readonly baseUrl: string;
  /** The last part of the partner's name. */
  readonly partner: string;
  /** ES256, RS256 or EdDSA, as the key is. */
  readonly algorithm: string;
  readonly privateKey: CryptoKey;
  /** The last part of the key's name: its thumbprint. */
  readonly keyId: string;
}

/** A token is renewed so long before it expires, in milliseconds. */
const earlyMs = 60_000;

/**
 * Exchanges assertions that a partner signs (RFC 7523, private_key_jwt) for tokens, each kept until shortly before it expires. Calls at one time share an
 * exchange. It rejects where the exchange is refused.
 */
export function partnerTokens(credentials: PartnerCredentials): TokenSource {
  let current: { readonly token: Promise<string>; goodUntil: number } | undefined;

  async function exchange(): Promise<{ token: string; seconds: number }> {
    const endpoint = `${credentials.baseUrl}/v1/partner/token`;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertionFor(endpoint, credentials),
    });
    const response = await fetch(endpoint, { method: 'POST', body });
    const answer = (await response.json()) as { access_token: string; expires_in: number; message?: string };
    if (!response.ok) throw new Error(`no token for ${credentials.partner}: HTTP ${response.status} ${answer.message ?? ''}`);
    return { token: answer.access_token, seconds: answer.expires_in };
  }

  return {
    token() {
      if (current !== undefined && Date.now() < current.goodUntil) return current.token;
      const made = exchange();
      const mine = { token: made.then(({ token }) => token), goodUntil: Number.POSITIVE_INFINITY };
      current = mine;
      made.then(
        ({ seconds }) => {
          mine.goodUntil = Date.now() + seconds * 1000 - earlyMs;
        },
        () => {
          // Whoever comes next tries again.
          if (current === mine) current = undefined;
        },
      );
      return mine.token;
    },
    refuse(token) {
      const mine = current;
      void mine?.token.then((held) => {
        if (held === token && current === mine) current = undefined;
      });
    },
  };
}

/** Who the partner is, for the token endpoint only, good for a minute and for once. */
function assertionFor(endpoint: string, { partner, algorithm, privateKey, keyId }: PartnerCredentials): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: algorithm, kid: keyId })
    .setIssuer(partner)
    .setSubject(partner)
    .setAudience(endpoint)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(privateKey);
}
