import { type HeldTokenOptions, holdToken, type Token } from './held-token.ts';

/** Mints ID tokens of the service account that this process runs as. */
export interface IdTokens {
  /** "Bearer <token>" for a service whose custom audience this is. Kept until it is about to expire. @throws where the metadata server cannot be reached. */
  header(audience: string): Promise<string>;
}

/**
 * ID tokens from the metadata server: Cloud Run's, or the one that GCE_METADATA_HOST names. Other credentials of the machine, such as a developer's own,
 * are not looked for.
 */
export function createIdTokens(options: HeldTokenOptions = {}): IdTokens {
  const tokens = new Map<string, () => Promise<string>>();
  return {
    header(audience) {
      let token = tokens.get(audience);
      if (token === undefined) {
        token = holdToken(() => fetchIdToken(audience), options);
        tokens.set(audience, token);
      }
      return token();
    },
  };
}

async function fetchIdToken(audience: string): Promise<Token> {
  const { Compute } = await import('google-auth-library');
  const token = await new Compute().fetchIdToken(audience);
  const [, payload = ''] = token.split('.');
  const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { readonly exp: number };
  return { header: `Bearer ${token}`, expiresAt: exp * 1000 };
}
