/** What an error means to whoever calls, and what they can do. `code` is the gRPC status that it comes with. */
interface ErrorReasonEntry {
  readonly code: string;
  readonly meaning: string;
  readonly remedy: string;
}

/**
 * Every google.rpc.ErrorInfo.reason of ours (AIP-193): callers decide by these, so they are added and never changed. docs/errors.md shows the same table.
 */
export const errorReasons = {
  ALREADY_EXISTS: { code: 'ALREADY_EXISTS', meaning: 'The resource is there already.', remedy: 'Read it, or choose another id.' },
  ALREADY_MEMBER: {
    code: 'FAILED_PRECONDITION',
    meaning: 'The customer has an order in this group.',
    remedy: 'Read the group: own_order names it.',
  },
  CALLER_UNKNOWN: {
    code: 'UNAUTHENTICATED',
    meaning: 'The request did not come through the platform.',
    remedy: 'Call the gateway.',
  },
  CANCELLED: { code: 'CANCELLED', meaning: 'The client went away.', remedy: 'Nothing.' },
  DEADLINE_EXCEEDED: {
    code: 'DEADLINE_EXCEEDED',
    meaning: 'The deadline passed.',
    remedy: 'Repeat with back-off and the same request_id.',
  },
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
  EVENT_REFUSED: {
    code: 'FAILED_PRECONDITION',
    meaning: 'An event tells of what its receiver does not know.',
    remedy: 'Internal: see “Replaying dead letters” in docs/operations.md.',
  },
  GROUP_COMPLETED: { code: 'FAILED_PRECONDITION', meaning: 'The group is complete.', remedy: 'Open another group.' },
  GROUP_EXPIRED: { code: 'FAILED_PRECONDITION', meaning: "The group's deadline has passed.", remedy: 'Open another group.' },
  GROUP_FULL: {
    code: 'FAILED_PRECONDITION',
    meaning: 'Every place in the group is taken.',
    remedy: 'Wait for a hold to end, or open another group.',
  },
  INTERNAL: {
    code: 'INTERNAL',
    meaning: 'A fault of ours. The log has it, the caller does not.',
    remedy: 'Report the time and the trace id.',
  },
  INVALID_ARGUMENT: {
    code: 'INVALID_ARGUMENT',
    meaning: 'A field breaks a rule.',
    remedy: 'Correct the fields in BadRequest.field_violations.',
  },
  INVALID_CLIENT: {
    code: 'UNAUTHENTICATED',
    meaning: 'The client assertion is refused. Why is in our log only.',
    remedy: 'Check key, audience, lifetime and jti.',
  },
  INVALID_REQUEST: {
    code: 'INVALID_ARGUMENT',
    meaning: 'The token request lacks a parameter or has a wrong one.',
    remedy: 'See docs/partners.md.',
  },
  INVALID_SCOPE: { code: 'INVALID_ARGUMENT', meaning: 'The token request asks for a scope.', remedy: 'Leave scope out.' },
  KEY_IN_USE: { code: 'ALREADY_EXISTS', meaning: 'The public key belongs to a partner already.', remedy: 'Make a key pair of its own.' },
  KEY_REVOKED: { code: 'FAILED_PRECONDITION', meaning: 'The key was revoked and cannot come back.', remedy: 'Add a new key.' },
  MALFORMED_REQUEST: {
    code: 'INVALID_ARGUMENT',
    meaning: "The message's bytes cannot be read.",
    remedy: 'Build the client from the current protos.',
  },
  NOT_FOUND: { code: 'NOT_FOUND', meaning: 'There is no such resource, or it is not the caller’s.', remedy: 'Check the name.' },
  ORDER_CANCELLED: { code: 'FAILED_PRECONDITION', meaning: 'The order was cancelled.', remedy: 'Do not ship it.' },
  ORDER_DELIVERED: { code: 'FAILED_PRECONDITION', meaning: 'The order was delivered.', remedy: 'Nothing.' },
  ORDER_SHIPPED: {
    code: 'FAILED_PRECONDITION',
    meaning: 'The order was shipped.',
    remedy: 'Customers: return it. Partners: it has its parcel.',
  },
  OUT_OF_STOCK: {
    code: 'FAILED_PRECONDITION',
    meaning: 'The deal has fewer units left than the order asks for.',
    remedy: 'Ask for less, or wait.',
  },
  PARCEL_IN_USE: { code: 'FAILED_PRECONDITION', meaning: 'Another order has this tracking number.', remedy: 'Check the tracking number.' },
  PAYMENT_DECLINED: {
    code: 'UNAVAILABLE',
    meaning: 'The provider declined a capture; it is tried again.',
    remedy: 'Internal: the task repeats it.',
  },
  PERMISSION_DENIED: {
    code: 'PERMISSION_DENIED',
    meaning: 'This kind of caller may not call the method.',
    remedy: 'Use a token of the kind that the method names.',
  },
  REQUEST_TOO_LARGE: {
    code: 'RESOURCE_EXHAUSTED',
    meaning: 'The request message is larger than the method takes.',
    remedy: 'Send less at a time.',
  },
  SHIPPING_ADDRESS_REQUIRED: {
    code: 'FAILED_PRECONDITION',
    meaning: 'The profile has no shipping address.',
    remedy: 'Set it by UpdateProfile.',
  },
  SIGNATURE_INVALID: {
    code: 'UNAUTHENTICATED',
    meaning: "A webhook's signature or time does not hold.",
    remedy: 'Check secret, clock and raw bytes.',
  },
  TOKEN_EXPIRED: { code: 'UNAUTHENTICATED', meaning: 'The token has expired.', remedy: 'Get a new one.' },
  TOKEN_INVALID: { code: 'UNAUTHENTICATED', meaning: 'The token does not hold.', remedy: 'Get a new one.' },
  TOKEN_MISSING: { code: 'UNAUTHENTICATED', meaning: 'The method needs a token.', remedy: 'Send one in Authorization.' },
  TOO_MANY_KEYS: { code: 'FAILED_PRECONDITION', meaning: 'The partner has as many keys as it may have.', remedy: 'Revoke one.' },
  UNAVAILABLE: {
    code: 'UNAVAILABLE',
    meaning: 'Something that is needed cannot be reached now.',
    remedy: 'Repeat with back-off and the same request_id.',
  },
  UNSUPPORTED_GRANT_TYPE: {
    code: 'INVALID_ARGUMENT',
    meaning: 'The token request has another grant_type.',
    remedy: 'Send client_credentials.',
  },
} as const satisfies Readonly<Record<string, ErrorReasonEntry>>;

/** A stable reason of an error. */
export type ErrorReason = keyof typeof errorReasons;
