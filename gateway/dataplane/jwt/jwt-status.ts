/** Envoy's status texts of a token, which are the bodies of its local replies. */
export const jwtStatus = {
  missing: 'Jwt is missing',
  notYetValid: 'Jwt not yet valid',
  expired: 'Jwt is expired',
  badFormat: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
  headerBase64: 'Jwt header is an invalid Base64url encoded',
  headerJson: 'Jwt header is an invalid JSON',
  headerAlg: 'Jwt header [alg] field is required and must be a string',
  algUnsupported: 'Jwt header [alg] is not supported',
  headerKid: 'Jwt header [kid] field is not a string',
  payloadBase64: 'Jwt payload is an invalid Base64url encoded',
  payloadJson: 'Jwt payload is an invalid JSON',
  signatureBase64: 'Jwt signature is an invalid Base64url encoded',
  audList: 'Jwt payload [aud] field is not a string or string list',
  unknownIssuer: 'Jwt issuer is not configured',
  audience: 'Audiences in Jwt are not allowed',
  verification: 'Jwt verification fails',
  keyMismatch: "Jwks doesn't have key to match kid or alg from Jwt",
  noKeys: "Jwks doesn't have any valid public key",
  fetchFailed: 'Jwks remote fetch is failed',
} as const;

/** undefined is OK; otherwise the text. */
export type JwtStatus = string | undefined;
