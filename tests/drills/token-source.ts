import type { Endpoints } from '../../deploy/local/platform/endpoints.ts';
import { devToken } from '../../deploy/local/platform/seed.ts';

/** The token of one caller, kept until it is refused, as apps do. */
export class TokenSource {
  readonly #endpoints: Endpoints;
  readonly #kind: 'customer' | 'partner' | 'operator' | 'trigger';
  readonly #subject: string;
  #token: string | undefined;

  constructor(endpoints: Endpoints, kind: 'customer' | 'partner' | 'operator' | 'trigger', subject: string) {
    this.#endpoints = endpoints;
    this.#kind = kind;
    this.#subject = subject;
  }

  /** The bearer header; undefined while the issuer does not answer. */
  async headers(): Promise<{ readonly authorization: string } | undefined> {
    try {
      this.#token ??= await devToken(this.#endpoints, this.#kind, this.#subject);
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
