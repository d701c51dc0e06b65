import { createLocalJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify, type ProtectedHeaderParameters } from 'jose';
import { checkAssertion, clockToleranceSeconds, type UsedAssertion } from './domain/client-assertion.ts';
import { assertionAlgorithms } from './domain/partner-account.ts';
import { TokenRefusal, type TokenRequest } from './domain/token-request.ts';
import type { IdentityStore } from './store/identity.ts';

/** Whose assertion holds, and which of the partner's keys has signed it. */
interface VerifiedAssertion {
  readonly partner: string;
  readonly key: string;
  readonly assertion: UsedAssertion;
}

const partnerId = /^[a-z0-9][a-z0-9-]{0,62}$/;

/**
 * Verifies a partner's client assertion (RFC 7523, section 3) against the keys that operators have added for it.
 *
 * @param audiences what the assertion may be meant for: the token endpoint, or the issuer of our tokens.
 * @throws {TokenRefusal} invalid_client, with the reason for our log.
 */
export async function verifyAssertion(
  { assertion, clientId }: TokenRequest,
  { store, audiences, now }: { readonly store: IdentityStore; readonly audiences: readonly string[]; readonly now: Date },
): Promise<VerifiedAssertion> {
  const partner = claimedPartner(assertion);
  if (clientId !== undefined && clientId !== partner) throw refused('client_id is not the sub of the assertion');
  const [account, keys] = await Promise.all([store.partner(partner), store.goodKeys(partner)]);
  if (account === undefined) throw refused('the partner is not registered', partner);
  if (account.state !== 'ACTIVE') throw refused('the partner is suspended', partner);
  if (keys.length === 0) throw refused('the partner has no key', partner);

  const jwks = createLocalJWKSet({
    keys: keys.map(({ id, publicKey, algorithm }) => ({ ...publicKey, kid: id, alg: algorithm, use: 'sig' })),
  });
  let claims: JWTPayload;
  let header: ProtectedHeaderParameters;
  try {
    ({ payload: claims, protectedHeader: header } = await jwtVerify(assertion, jwks, {
      algorithms: [...assertionAlgorithms],
      issuer: partner,
      subject: partner,
      audience: [...audiences],
      requiredClaims: ['exp', 'jti'],
      clockTolerance: clockToleranceSeconds,
      currentDate: now,
    }));
  } catch (error) {
    if (error instanceof errors.JOSEError) throw refused(error.message, partner);
    throw error;
  }
  const used = checkAssertion(claims, now);
  if (typeof used === 'string') throw refused(used, partner);
  // Without a kid the partner has one key of this algorithm, or jose would not have chosen.
  const key = header.kid ?? keys.find(({ algorithm }) => algorithm === header.alg)!.id;
  return { partner, key, assertion: used };
}

/** Who the assertion says that it is from: nothing is believed of it yet. */
function claimedPartner(assertion: string): string {
  let claims: JWTPayload;
  try {
    claims = decodeJwt(assertion);
  } catch {
    throw refused('the assertion is not a JWT');
  }
  if (typeof claims.sub !== 'string' || !partnerId.test(claims.sub)) throw refused('its sub is not the id of a partner');
  return claims.sub;
}

function refused(reason: string, partner?: string): TokenRefusal {
  return new TokenRefusal('invalid_client', partner === undefined ? reason : `partners/${partner}: ${reason}`);
}
