import type { JsonValue } from '@bufbuild/protobuf';
import type { Topic } from './facts.ts';

/** A token to send as `Authorization: Bearer …`. Without changes it is valid. */
export interface TokenSpec {
  readonly as: TokenHolder;
  /** Claims to add, replace, or (with null) leave out; times in seconds relative to now. */
  readonly claims?: Readonly<Record<string, JsonValue>>;
  /** Seconds from now; an hour without it. */
  readonly expiresIn?: number;
  /** How it is signed: by the issuer's key without this. */
  readonly signature?: 'other-key' | 'none' | 'hmac-with-public-key' | 'garbled' | 'spaced' | 'removed-by-google';
  /** The algorithm; each has a key of its own with the key id of its name, RS256 has "own". */
  readonly algorithm?: 'RS256' | 'ES256';
  /** The key id in the header; the key's own without this. */
  readonly kid?: string;
}

/** Whose token it is: people's and partners', and those of the three kinds of triggers. */
export type TokenHolder = 'customer' | 'partner' | 'operator' | 'queue' | 'subscription' | 'schedule';

/** The bootstrap that a case runs on, by the name of its stage (stages.ts). */
export type StageName = 'edge' | 'guarded' | 'limited' | 'draining' | 'jobs' | 'trapping';

/** Headers in order; a name can stand twice. */
export type HeaderLines = readonly (readonly [name: string, value: string])[];

/** What a client sends. */
export interface CaseRequest {
  /** Both without this. */
  readonly protocols?: readonly ('HTTP/1.1' | 'HTTP/2')[];
  readonly method: string;
  /** Sent as it stands. "{token}" becomes the token. */
  readonly path: string;
  /** "{n}" becomes the number of the attempt, where `times` says that there are several. */
  readonly headers?: HeaderLines;
  readonly token?: TokenSpec;
  /** Where the token goes in place of `authorization: Bearer …`; null for the path alone. */
  readonly tokenHeader?: string | null;
  /** Text, or JSON where it is no string. */
  readonly body?: JsonValue;
  /** Repeats the body so many times. */
  readonly repeat?: number;
  /** A body as base64, in place of `body`. */
  readonly bytes?: string;
  /** HTTP/2 request trailers. */
  readonly trailers?: Readonly<Record<string, string>>;
  /** A native gRPC call: the request message as JSON; method, headers and framing follow. */
  readonly grpc?: JsonValue;
  /** Sends the request so often, one after the other; the last answer is judged. */
  readonly times?: number;
}

/** How the upstream service behaves; an empty response message, or "ok" where the path is no method, without this. */
export type UpstreamBehaviour =
  | { readonly reply: JsonValue; readonly headers?: HeaderLines }
  | { readonly stream: readonly JsonValue[]; readonly error?: UpstreamError }
  | { readonly error: UpstreamError }
  | {
      readonly reset: 'refused-stream' | 'internal-error' /** Attempts that are reset before one is answered; all without this. */;
      readonly times?: number;
    }
  | {
      /** Bytes as they stand; base64. */
      readonly raw: string;
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly trailers?: Readonly<Record<string, string>>;
    }
  | { readonly silent: true };

/** A gRPC error. */
export interface UpstreamError {
  readonly code: number;
  readonly message: string;
  /** google.rpc.Status details as JSON with "@type". */
  readonly details?: readonly JsonValue[];
  /** grpc-status-details-bin as it stands, in place of `details`. */
  readonly rawDetails?: string;
}

/** Exact values or patterns by name; null: the header is not there. */
export type ExpectedHeaders = Readonly<Record<string, string | RegExp | null>>;

/** What the client gets. */
export interface ExpectedResponse {
  readonly status: number;
  /** Exact text, a pattern, or JSON that has to be equal. */
  readonly body?: string | RegExp | { readonly json: JsonValue };
  readonly headers?: ExpectedHeaders;
  readonly trailers?: ExpectedHeaders;
  /** For native gRPC. */
  readonly grpcStatus?: number;
  readonly grpcMessage?: string | RegExp;
  /** For native gRPC: response messages. */
  readonly messages?: readonly JsonValue[];
}

/** In place of an answer: the HTTP/2 stream ends with this error (RFC 9113 7), such as "INTERNAL_ERROR". */
interface ExpectedReset {
  readonly reset: string;
}

/** What reaches the upstream. */
export interface ExpectedUpstream {
  readonly path: string;
  /** Which of the upstream's servers; not judged without this. */
  readonly via?: UpstreamServer;
  /** The request message as JSON; google.api.HttpBody data is base64. */
  readonly message?: JsonValue;
  /** Fields of the request message; there may be others. */
  readonly fields?: JsonValue;
  readonly headers?: ExpectedHeaders;
  readonly trailers?: Readonly<Record<string, string>>;
  /** The audience of the token in x-serverless-authorization. */
  readonly audience?: string;
  /** Requests that arrived; 1 without this. */
  readonly attempts?: number;
}

/** The servers of the scripted upstream, all of HTTP/2; the last three behind TLS, two of them with a certificate that is not theirs to show. */
export type UpstreamServer = 'main' | 'other' | 'tls' | 'tls-other-name' | 'tls-other-authority';

/** Fields of the request's line in the access log: exact values or patterns; null: the field is null or not there. */
export interface ExpectedLog {
  readonly [field: string]: string | number | RegExp | null | ExpectedLog;
}

interface AnyCase {
  readonly name: string;
  readonly about: readonly Topic[];
  /** "edge" without this. */
  readonly at?: StageName;
  /** Paths that are posted to the admin interface before and after. */
  readonly admin?: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** Milliseconds in which it has to have come true, for what Envoy does after a while by itself; it is tried again until then. */
  readonly within?: number;
}

/** A request and what becomes of it. */
export interface RequestCase extends AnyCase {
  readonly request: CaseRequest;
  readonly upstream?: UpstreamBehaviour;
  readonly expect: ExpectedResponse | ExpectedReset;
  /** 'untouched': nothing arrives there. Not judged without this. */
  readonly expectUpstream?: ExpectedUpstream | 'untouched';
  readonly expectLog?: ExpectedLog;
}

/** One step on a raw HTTP/2 connection; streams count 1, 3, 5… */
export type Http2Step =
  | {
      readonly open: HeaderLines;
      readonly end?: boolean;
      /** Resets each stream at once. */
      readonly reset?: true;
      readonly times?: number;
    }
  | { readonly data: string; readonly end?: boolean }
  | {
      readonly frame: { readonly type: number; readonly flags?: number; readonly stream?: number; readonly payload?: string };
      readonly times?: number;
    }
  | { readonly waitMs: number };

/** What a client that speaks no clean HTTP sends. */
export interface RawCase extends AnyCase {
  /** Latin-1 text in order, waits in milliseconds; or HTTP/2 steps behind preface and settings. */
  readonly http1?: readonly (string | number)[];
  readonly http2?: readonly Http2Step[];
  readonly expect: {
    /** HTTP/1.1: the statuses of the answers, in order; a list for each where several are right. */
    readonly statuses?: readonly (number | readonly number[])[];
    /** HTTP/1.1: what the answers hold, as Latin-1 text. */
    readonly answer?: RegExp;
    /** Whether the gateway ends the connection. Not judged without this. */
    readonly closes?: boolean;
    /** True: there is nobody to connect to. */
    readonly refused?: true;
  };
  /** Requests that may reach the upstream; none without this. */
  readonly upstreamAtMost?: number;
}

/** One case. */
export type ConformanceCase = RequestCase | RawCase;

/** Whether a case speaks for itself on the wire. */
export function isRaw(one: ConformanceCase): one is RawCase {
  return 'http1' in one || 'http2' in one;
}
