import type { JsonValue } from '@bufbuild/protobuf';

/** A token to send as `Authorization: Bearer …`. Without changes it is valid. */
export interface TokenSpec {
  readonly as: 'customer' | 'partner' | 'operator';
  /** Claims to add, replace, or (with null) leave out; times in seconds relative to now. */
  readonly claims?: Readonly<Record<string, JsonValue>>;
  /** Seconds from now; an hour without it. */
  readonly expiresIn?: number;
  /** How it is signed: by the issuer's key without this. */
  readonly signature?: 'other-key' | 'none' | 'hmac-with-public-key' | 'garbled';
  /** The key id in the header; the issuer's without this. */
  readonly kid?: string;
}

/** What a client sends. */
export interface CaseRequest {
  /** Both without this. */
  readonly protocols?: readonly ('HTTP/1.1' | 'HTTP/2')[];
  readonly method: string;
  /** Sent as it stands. */
  readonly path: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly token?: TokenSpec;
  /** Text, or JSON where it is no string. */
  readonly body?: JsonValue;
  /** Repeats the body so many times. */
  readonly repeat?: number;
  /** A native gRPC call: the request message as JSON; method, headers and framing follow. */
  readonly grpc?: JsonValue;
}

/** How the upstream service behaves; an empty response message without this. */
export type UpstreamBehaviour =
  | { readonly reply: JsonValue; readonly headers?: readonly (readonly [string, string])[] }
  | { readonly stream: readonly JsonValue[]; readonly error?: UpstreamError }
  | { readonly error: UpstreamError }
  | {
      readonly reset: 'refused-stream' | 'internal-error' /** Attempts that are reset before one is answered; all without this. */;
      readonly times?: number;
    }
  | { readonly silent: true };

/** A gRPC error. */
export interface UpstreamError {
  readonly code: number;
  readonly message: string;
  /** google.rpc.Status details as JSON with "@type". */
  readonly details?: readonly JsonValue[];
}

/** What the client gets. */
export interface ExpectedResponse {
  readonly status: number;
  /** Exact text, a pattern, or JSON that has to be equal. */
  readonly body?: string | RegExp | { readonly json: JsonValue };
  /** Exact values; null: the header is not there. */
  readonly headers?: Readonly<Record<string, string | RegExp | null>>;
  /** For native gRPC. */
  readonly grpcStatus?: number;
  readonly grpcMessage?: string | RegExp;
  /** For native gRPC: response messages. */
  readonly messages?: readonly JsonValue[];
}

/** What reaches the upstream. */
export interface ExpectedUpstream {
  readonly path: string;
  /** The request message as JSON; google.api.HttpBody data is base64. */
  readonly message?: JsonValue;
  readonly headers?: Readonly<Record<string, string | RegExp | null>>;
  /** Requests that arrived; 1 without this. */
  readonly attempts?: number;
}

/** One case: the same for every data plane. */
export interface ConformanceCase {
  readonly name: string;
  readonly request: CaseRequest;
  readonly upstream?: UpstreamBehaviour;
  readonly expect: ExpectedResponse;
  /** 'untouched': nothing arrives there. Not judged without this. */
  readonly expectUpstream?: ExpectedUpstream | 'untouched';
}
