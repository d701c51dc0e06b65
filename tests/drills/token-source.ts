import type { TokenRequest } from '../../deploy/local/cloud/issuer/token-request.ts';
import { callJson } from '../../deploy/local/demo/http-json.ts';
import type { Endpoints } from '../../deploy/local/platform/endpoints.ts';
import type { Answer } from './answer.ts';
import type { TokenTimes } from './token-times.ts';

/** The token of one caller, kept until it is refused, as apps do, or a drill wants tokens with other times. */
export class TokenSource {
  readonly #endpoints: Endpoints;
  readonly #request: TokenRequest;
  readonly #times: TokenTimes;
  #token: { readonly text: string; readonly skewSeconds: number } | undefined;

  /** @param preview which instances of services the caller's requests go to. */
  constructor(
    endpoints: Endpoints,
    times: TokenTimes,
    kind: 'customer' | 'partner' | 'operator',
    subject: string,
    preview?: Readonly<Record<string, string>>,
  ) {
    this.#endpoints = endpoints;
    this.#times = times;
    this.#request = { kind, subject, ...(preview && { preview }) };
  }

  /** The token; undefined while the issuer does not answer. */
  async token(): Promise<string | undefined> {
    const { skewSeconds } = this.#times;
    if (this.#token?.skewSeconds === skewSeconds) return this.#token.text;
    try {
      const body = { ...this.#request, ...this.#times.request() };
      const { token } = await callJson<{ token: string }>('POST', `${this.#endpoints.issuer}/token`, { body });
      this.#token = { text: token, skewSeconds };
      return token;
    } catch {
      return undefined;
    }
  }

  /** Holds an answer against the times of the token that was presented. */
  judge(token: string, answer: Answer, sentAt: number): void {
    this.#times.judge(token, answer, sentAt, Date.now());
  }

  /** Takes another token at the next call. */
  renew(): void {
    this.#token = undefined;
  }
}
