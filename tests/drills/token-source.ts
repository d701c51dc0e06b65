import { callJson } from '../../deploy/local/demo/http-json.ts';
import type { TokenRequest } from '../../deploy/local/issuer/token-request.ts';
import type { Endpoints } from '../../deploy/local/platform/endpoints.ts';

/** The token of one caller, kept until it is refused, as apps do. */
export class TokenSource {
  readonly #endpoints: Endpoints;
  readonly #request: TokenRequest;
  #token: string | undefined;

  /** @param preview which instances of services the caller's requests go to. */
  constructor(
    endpoints: Endpoints,
    kind: 'customer' | 'partner' | 'operator',
    subject: string,
    preview?: Readonly<Record<string, string>>,
  ) {
    this.#endpoints = endpoints;
    this.#request = { kind, subject, ...(preview && { preview }) };
  }

  /** The bearer header; undefined while the issuer does not answer. */
  async headers(): Promise<{ readonly authorization: string } | undefined> {
    try {
      this.#token ??= (await callJson<{ token: string }>('POST', `${this.#endpoints.issuer}/token`, { body: this.#request })).token;
    } catch {
      return undefined;
    }
    return { authorization: `Bearer ${this.#token}` };
  }

  /** Takes another token at the next call. */
  renew(): void {
    this.#token = undefined;
  }
}
