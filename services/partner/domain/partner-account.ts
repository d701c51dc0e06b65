/** What a partner may be. */
export const partnerStates = ['ACTIVE', 'SUSPENDED'] as const;

/** Whether a partner gets tokens. */
export type PartnerState = (typeof partnerStates)[number];

/** A merchant whose system may call us. */
export interface PartnerAccount {
  readonly id: string;
  readonly displayName: string;
  readonly state: PartnerState;
  readonly createTime: Date;
  /** When it was last written. */
  readonly updateTime: Date;
  /** Incremented by one for each change. */
  readonly version: bigint;
}

/** A public key that a partner signs its assertions with. */
export interface PartnerKey {
  /** The partner's id. */
  readonly partner: string;
  /** The key's thumbprint (RFC 7638, SHA-256, base64url). */
  readonly id: string;
  readonly publicKey: PublicJwk;
  readonly algorithm: AssertionAlgorithm;
  readonly createTime: Date;
  /** undefined while the key is good. */
  readonly revokeTime: Date | undefined;
}

/** The members of a public JSON Web Key that make the key, and nothing else. */
export type PublicJwk = Readonly<Record<string, string>>;

/** What assertions may be signed with. Nothing symmetric: we would have to keep the secret. */
export const assertionAlgorithms = ['ES256', 'RS256', 'EdDSA'] as const;

/** One of them. */
export type AssertionAlgorithm = (typeof assertionAlgorithms)[number];

/** Good keys that a partner may have at one time: enough to change them, and few enough to try. */
export const maxGoodKeys = 5;
