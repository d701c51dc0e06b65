import { JsonKind, parseJson } from "../../abi/json";

/**
 * `exp` of a JWT in seconds since the epoch (RFC 7519, 4.1.4), or -1 where the text is no JWT with a usable one. The signature is not checked: the
 * metadata server is trusted, and who receives the token checks it. A text that passes is safe as a header value.
 */
export function jwtExpiry(token: string): f64 {
  const first = token.indexOf(".");
  const second = first < 0 ? -1 : token.indexOf(".", first + 1);
  if (first <= 0 || second <= first + 1 || second == token.length - 1) return -1;
  for (let i = 0; i < token.length; i++) {
    if (i != first && i != second && base64UrlDigit(token.charCodeAt(i)) < 0) return -1;
  }
  const payload = parseJson(decodeBase64Url(token, first + 1, second));
  if (payload === null || payload.kind != JsonKind.Object) return -1;
  const exp = payload.member("exp");
  if (exp === null || exp.kind != JsonKind.Number || !isFinite(exp.number) || exp.number <= 0) return -1;
  return exp.number;
}

/** Decodes token[start, end), whose characters are all base64url digits. A dangling digit is dropped. */
function decodeBase64Url(token: string, start: i32, end: i32): string {
  const bytes = new ArrayBuffer(((end - start) * 3) >> 2);
  const address = changetype<usize>(bytes);
  let bits = 0;
  let bitCount = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    bits = ((bits << 6) | base64UrlDigit(token.charCodeAt(i))) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      store<u8>(address + length, bits >> bitCount);
      length++;
    }
  }
  return String.UTF8.decodeUnsafe(address, length);
}

function base64UrlDigit(c: i32): i32 {
  if (c >= 0x41 && c <= 0x5a) return c - 0x41;
  if (c >= 0x61 && c <= 0x7a) return c - 0x47;
  if (c >= 0x30 && c <= 0x39) return c + 4;
  if (c == 0x2d) return 62;
  return c == 0x5f ? 63 : -1;
}
