import { jwtStatus } from './jwt-status.ts';

/** A token that was read and not yet verified. */
export interface JwtToken {
  readonly raw: string;
  readonly alg: string;
  readonly kid: string | undefined;
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly payloadBase64: string;
  readonly issuer: string;
  readonly subject: string;
  /** Each without its scheme and one trailing slash, as Envoy compares them. */
  readonly audiences: readonly string[];
  /** Seconds since the epoch; 0 where the claim is missing. */
  readonly notBefore: number;
  readonly expires: number;
}

const algorithms = new Set([
  'ES256',
  'ES384',
  'ES512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'HS256',
  'HS384',
  'HS512',
  'EdDSA',
]);
const base64url = /^[A-Za-z0-9_-]*$/;

/** Reads a token as Envoy does; the text of the fault otherwise. */
export function parseJwt(raw: string): JwtToken | string {
  const parts = raw.split('.');
  if (parts.length !== 3) return jwtStatus.badFormat;
  const [headerPart, payloadPart, signature] = parts as [string, string, string];
  if (!base64url.test(headerPart)) return jwtStatus.headerBase64;
  const header = parseObject(headerPart);
  if (header === undefined) return jwtStatus.headerJson;
  const { alg, kid } = header;
  if (typeof alg !== 'string') return jwtStatus.headerAlg;
  if (!algorithms.has(alg)) return jwtStatus.algUnsupported;
  if (kid !== undefined && typeof kid !== 'string') return jwtStatus.headerKid;
  if (!base64url.test(payloadPart)) return jwtStatus.payloadBase64;
  const payload = parseObject(payloadPart);
  if (payload === undefined) return jwtStatus.payloadJson;
  for (const name of ['iss', 'sub', 'jti']) {
    if (payload[name] !== undefined && typeof payload[name] !== 'string') return `Jwt payload [${name}] field is not a string`;
  }
  for (const name of ['iat', 'nbf', 'exp']) {
    const value = payload[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isInteger(value)) return `Jwt payload [${name}] field is not an integer`;
    if (value < 0 || value >= 2 ** 63) return `Jwt payload [${name}] field is not a positive 64 bit integer`;
  }
  const { aud } = payload;
  const audiences = aud === undefined ? [] : Array.isArray(aud) ? aud : [aud];
  if (!audiences.every((one) => typeof one === 'string')) return jwtStatus.audList;
  if (!base64url.test(signature) || signature === '') return jwtStatus.signatureBase64;
  return {
    raw,
    alg,
    kid,
    header,
    payload,
    payloadBase64: payloadPart,
    issuer: (payload.iss as string | undefined) ?? '',
    subject: (payload.sub as string | undefined) ?? '',
    audiences: audiences.map(normalizeAudience),
    notBefore: (payload.nbf as number | undefined) ?? 0,
    expires: (payload.exp as number | undefined) ?? 0,
  };
}

/** Both sides of a comparison lose the scheme and one trailing slash. */
export function normalizeAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

function parseObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
