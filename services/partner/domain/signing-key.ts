/** What a partner token says. Times are seconds since the epoch. */
interface PartnerClaims {
  readonly iss: string;
  readonly aud: string;
  /** The partner's id. */
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
}

/** A key of the platform that signs partners' tokens. */
export interface SigningKey {
  /** A JSON Web Key with kid, alg and use. */
  readonly publicJwk: Readonly<Record<string, string>>;
  /** Makes a JSON Web Token in compact form, with kid and alg in its header. @throws where the key cannot be reached. */
  sign(claims: PartnerClaims): Promise<string>;
}

/** The platform's keys for partners' tokens. */
export interface SigningKeys {
  /** The key that signs now. @throws where it cannot be read. */
  current(): Promise<SigningKey>;
  /** Every key whose tokens may be about: also the one that signs next, and the one that signed before. @throws where one cannot be read. */
  all(): Promise<readonly SigningKey[]>;
}
