/** What an error means to whoever calls, and what they can do. `code` is the gRPC status that it comes with. */
interface ReasonEntry {
  readonly code: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** A table of reasons. Callers decide by them (AIP-193), so they are added and never changed. docs/reference/errors.md shows all of them. */
export type ReasonTable = Readonly<Record<string, ReasonEntry>>;

/** Every google.rpc.ErrorInfo.reason that the platform itself answers with. A service's own are in its reasons.ts. */
export const platformReasons = {
  ALREADY_EXISTS: { code: 'ALREADY_EXISTS', meaning: 'The resource is there already.', remedy: 'Read it, or choose another id.' },
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
  ETAG_MISMATCH: {
    code: 'ABORTED',
    meaning: 'The resource has changed since the etag was read, or the etag is another resource’s.',
    remedy: 'Read the resource, decide again, and send its etag.',
  },
  EVENT_REFUSED: {
    code: 'FAILED_PRECONDITION',
    meaning: 'An event tells of what its receiver does not know.',
    remedy: 'Internal: see “Replaying dead letters” in docs/guides/operations.md.',
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
  MALFORMED_REQUEST: {
    code: 'INVALID_ARGUMENT',
    meaning: "The message's bytes cannot be read.",
    remedy: 'Build the client from the current protos.',
  },
  NOT_FOUND: { code: 'NOT_FOUND', meaning: 'There is no such resource, or it is not the caller’s.', remedy: 'Check the name.' },
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
  TOKEN_EXPIRED: { code: 'UNAUTHENTICATED', meaning: 'The token has expired.', remedy: 'Get a new one.' },
  TOKEN_INVALID: { code: 'UNAUTHENTICATED', meaning: 'The token does not hold.', remedy: 'Get a new one.' },
  TOKEN_MISSING: { code: 'UNAUTHENTICATED', meaning: 'The method needs a token.', remedy: 'Send one in Authorization.' },
  UNAVAILABLE: {
    code: 'UNAVAILABLE',
    meaning: 'Something that is needed cannot be reached now.',
    remedy: 'Repeat with back-off and the same request_id.',
  },
  UNIMPLEMENTED: {
    code: 'UNIMPLEMENTED',
    meaning: 'The method is declared and not written yet.',
    remedy: 'Wait for a release that has it.',
  },
} as const satisfies ReasonTable;

/** The reasons that there are. Each service adds its own: `declare module '…/error-reasons.ts' { interface ErrorReasons extends Record<…> }`. */
export interface ErrorReasons extends Readonly<Record<keyof typeof platformReasons, ReasonEntry>> {}

/** A stable reason of an error. */
export type ErrorReason = keyof ErrorReasons;
