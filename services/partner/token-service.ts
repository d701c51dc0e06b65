import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { RpcError, unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { Call, Handlers } from '../platform/chassis/server/call.ts';
import type { PartnerTokenService } from '../platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import { verifyAssertion } from './assertion-verifier.ts';
import type { SigningKeys } from './domain/signing-key.ts';
import { readTokenRequest, TokenRefusal } from './domain/token-request.ts';
import type { IdentityStore } from './store/identity.ts';

/** What the handlers need. */
interface PartnerTokenServiceOptions {
  readonly store: IdentityStore;
  readonly keys: SigningKeys;
  /** The iss of the tokens. */
  readonly issuer: string;
  /** The aud of the tokens. */
  readonly audience: string;
  /** The URL of the token endpoint, as partners know it. */
  readonly tokenEndpoint: string;
  readonly now: () => Date;
}

/** How long a token is good, and so how long a suspended partner still gets in. */
const tokenSeconds = 900;

/** The handlers of kumiko.partner.v1.PartnerTokenService. */
export function partnerTokenService(options: PartnerTokenServiceOptions): Handlers<typeof PartnerTokenService> {
  const { store, keys, issuer, audience, tokenEndpoint, now } = options;

  async function exchange(contentType: string, body: Uint8Array): Promise<string> {
    const request = readTokenRequest(contentType, body);
    const verified = await verifyAssertion(request, { store, audiences: [tokenEndpoint, issuer], now: now() });
    const { partner } = verified;
    const key = await keys.current().catch(cannotSign);
    // Used up before a token is signed: one that fails from here on costs the partner a new assertion.
    const use = await store.useAssertion(partner, verified.key, verified.assertion);
    if (use !== 'accepted') throw new TokenRefusal('invalid_client', `partners/${partner}: ${useFaults[use]}`);
    const iat = Math.floor(now().getTime() / 1000);
    return key.sign({ iss: issuer, aud: audience, sub: partner, iat, exp: iat + tokenSeconds, jti: randomUUID() }).catch(cannotSign);
  }

  return {
    async exchangeToken({ form }, call) {
      const accessToken = await exchange(form?.contentType ?? '', form?.data ?? new Uint8Array()).catch((error) => {
        throw error instanceof TokenRefusal ? tokenError(error, call) : error;
      });
      return { accessToken, tokenType: 'Bearer', expiresIn: tokenSeconds };
    },

    async getTokenKeys() {
      const published = await keys.all().catch(cannotSign);
      const document = JSON.stringify({ keys: published.map(({ publicJwk }) => publicJwk) });
      return { contentType: 'application/json', data: new TextEncoder().encode(document) };
    },
  };
}

const useFaults = {
  replayed: 'the assertion was used before',
  suspended: 'the partner has been suspended meanwhile',
  revoked: 'the key has been revoked meanwhile',
} as const;

function cannotSign(cause: unknown): never {
  throw unavailable("the platform's signing key cannot be reached", cause);
}

/**
 * RFC 6749, section 5.2, as far as gRPC goes: the status is its own, and the error stands in ErrorInfo.metadata, because the transcoder writes bodies of
 * google.rpc.Status only. Who fails to prove who he is learns nothing of why.
 */
function tokenError({ error, message }: TokenRefusal, call: Call): RpcError {
  call.logger.warn({ error, fault: message }, 'token request refused');
  const isClient = error === 'invalid_client';
  return new RpcError({
    code: isClient ? status.UNAUTHENTICATED : status.INVALID_ARGUMENT,
    reason: error.toUpperCase() as Uppercase<typeof error>,
    message: isClient ? 'invalid_client: the client is not known, or its assertion does not hold' : `${error}: ${message}`,
    metadata: { error },
  });
}
