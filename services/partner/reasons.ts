import type { ReasonTable } from '../platform/chassis/errors/error-reasons.ts';

/** Every google.rpc.ErrorInfo.reason that the partner service adds to the platform's. Callers decide by them: they are added and never changed. */
export const reasons = {
  DEAL_CLOSED: {
    code: 'FAILED_PRECONDITION',
    meaning: 'The deal is no longer on sale, or can no longer change.',
    remedy: 'Choose another deal.',
  },
  DEAL_INCOMPLETE: {
    code: 'FAILED_PRECONDITION',
    meaning: 'The draft lacks what publishing needs.',
    remedy: 'Set the fields that the message names.',
  },
  DEAL_PUBLISHED: {
    code: 'FAILED_PRECONDITION',
    meaning: 'A field that customers rely on can no longer change.',
    remedy: 'Close the deal and publish another.',
  },
  INVALID_CLIENT: {
    code: 'UNAUTHENTICATED',
    meaning: 'The client assertion is refused. Why is in our log only.',
    remedy: 'Check key, audience, lifetime and jti.',
  },
  INVALID_REQUEST: {
    code: 'INVALID_ARGUMENT',
    meaning: 'The token request lacks a parameter or has a wrong one.',
    remedy: 'See docs/guides/partners.md.',
  },
  INVALID_SCOPE: { code: 'INVALID_ARGUMENT', meaning: 'The token request asks for a scope.', remedy: 'Leave scope out.' },
  KEY_IN_USE: { code: 'ALREADY_EXISTS', meaning: 'The public key belongs to a partner already.', remedy: 'Make a key pair of its own.' },
  KEY_REVOKED: { code: 'FAILED_PRECONDITION', meaning: 'The key was revoked and cannot come back.', remedy: 'Add a new key.' },
  ORDER_CANCELLED: { code: 'FAILED_PRECONDITION', meaning: 'The order was cancelled.', remedy: 'Do not ship it.' },
  ORDER_DELIVERED: { code: 'FAILED_PRECONDITION', meaning: 'The order was delivered.', remedy: 'Nothing.' },
  PARCEL_IN_USE: { code: 'FAILED_PRECONDITION', meaning: 'Another order has this tracking number.', remedy: 'Check the tracking number.' },
  TOO_MANY_KEYS: { code: 'FAILED_PRECONDITION', meaning: 'The partner has as many keys as it may have.', remedy: 'Revoke one.' },
  UNSUPPORTED_GRANT_TYPE: {
    code: 'INVALID_ARGUMENT',
    meaning: 'The token request has another grant_type.',
    remedy: 'Send client_credentials.',
  },
} as const satisfies ReasonTable;

declare module '../platform/chassis/errors/error-reasons.ts' {
  interface ErrorReasons extends Readonly<Record<keyof typeof reasons, ReasonTable[string]>> {}
}
