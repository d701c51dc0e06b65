import { createHash } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { JWTPayload } from 'jose';
import { audienceOf } from '../../contracts/identities.ts';
import { isStorable } from '../../contracts/storable-text.ts';
import { RpcError } from '../errors/rpc-error.ts';
import type { ChassisConfig } from '../process/config.ts';
import type { Caller } from '../server/call.ts';
import { type TrustedIssuer, tokenVerifier, unauthenticated, type VerifyToken } from './token-verifier.ts';

/** Who a token stands for, and what logs may say about it. */
export interface EndUser {
  readonly caller: Caller;
  /** Opaque: never a name or an address. */
  readonly logId: string;
}

/** The end users behind each gateway. */
export interface EndUsers {
  /** Customers, partners and operators. */
  readonly edge: VerifyToken<EndUser>;
  /** Pub/Sub, Cloud Tasks and Cloud Scheduler. */
  readonly jobs: VerifyToken<EndUser>;
}

/** The verifiers of the environment's issuers. */
export function createEndUsers(config: ChassisConfig): EndUsers {
  const project = config.GOOGLE_CLOUD_PROJECT;
  const google = { issuer: config.GOOGLE_ISSUER, jwksUri: config.GOOGLE_JWKS_URI };
  const operators = new Set(config.OPERATOR_EMAILS);
  const issuers: TrustedIssuer<EndUser>[] = [
    {
      issuer: config.CUSTOMER_ISSUER,
      audience: config.CUSTOMER_AUDIENCE,
      jwksUri: config.CUSTOMER_JWKS_URI,
      subject: (claims) => {
        const id = storedSubject(claims);
        return { caller: { kind: 'customer', id }, logId: id };
      },
    },
    {
      issuer: config.PARTNER_ISSUER,
      audience: config.PARTNER_AUDIENCE,
      jwksUri: config.PARTNER_JWKS_URI,
      subject: (claims) => {
        const id = storedSubject(claims);
        return { caller: { kind: 'partner', id }, logId: id };
      },
    },
    {
      ...google,
      audience: audienceOf('edge', project),
      subject: (claims) => {
        const email = verifiedEmail(claims);
        if (!operators.has(email)) throw permissionDenied('this account is not an operator');
        return { caller: { kind: 'operator', email }, logId: createHash('sha256').update(email).digest('hex').slice(0, 12) };
      },
    },
  ];
  const triggers: TrustedIssuer<EndUser> = {
    ...google,
    audience: audienceOf('jobs', project),
    subject: (claims) => {
      const email = verifiedEmail(claims);
      return { caller: { kind: 'trigger', email }, logId: storedSubject(claims) };
    },
  };
  return { edge: tokenVerifier(issuers), jobs: tokenVerifier([triggers]) };
}

/** Of OpenID Connect Core, section 2. */
const maxSubjectLength = 255;

/** The subject by which rows are found: two subjects must not become one text, nor one be a text that no row can have. */
function storedSubject({ sub }: JWTPayload): string {
  const isSubject = typeof sub === 'string' && sub !== '' && sub.length <= maxSubjectLength && isStorable(sub);
  if (!isSubject) throw unauthenticated(`the token's sub is not a text of 1 to ${maxSubjectLength} characters that can be kept`);
  return sub;
}

function verifiedEmail({ email, email_verified }: JWTPayload): string {
  if (typeof email !== 'string' || email_verified !== true) throw permissionDenied('the token has no verified e-mail address');
  return email;
}

/** PERMISSION_DENIED: who calls is known, and may not. */
export function permissionDenied(message: string): RpcError {
  return new RpcError({ code: status.PERMISSION_DENIED, reason: 'PERMISSION_DENIED', message });
}
