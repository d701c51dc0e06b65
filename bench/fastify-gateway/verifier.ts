import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';

const capacity = 1_000;

/** Verifies customers' tokens. The issuer's keys are kept; with `remember`, so are verified tokens until they expire. */
export function createVerifier(options: { issuer: string; audience: string; jwksUri: string; remember: boolean }) {
  const { issuer, audience, remember } = options;
  const keys = createRemoteJWKSet(new URL(options.jwksUri));
  const verified = new Map<string, JWTPayload>();

  return async (token: string): Promise<JWTPayload> => {
    const known = verified.get(token);
    if (known !== undefined && known.exp! * 1_000 > Date.now()) return known;
    const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ['RS256'], requiredClaims: ['exp', 'sub'] });
    if (remember) {
      if (verified.size >= capacity) verified.delete(verified.keys().next().value!);
      verified.set(token, payload);
    }
    return payload;
  };
}
