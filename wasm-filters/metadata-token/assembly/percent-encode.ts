const HEX = "0123456789ABCDEF";

/** Encodes everything but RFC 3986's unreserved characters, as UTF-8. `encodeURIComponent` would throw on a lone surrogate. */
export function percentEncode(text: string): string {
  const bytes = Uint8Array.wrap(String.UTF8.encode(text));
  let result = "";
  for (let i = 0; i < bytes.length; i++) {
    const c: i32 = bytes[i];
    if (isUnreserved(c)) result += String.fromCharCode(c);
    else result += "%" + HEX.charAt(c >> 4) + HEX.charAt(c & 15);
  }
  return result;
}

function isUnreserved(c: i32): bool {
  const lower = c | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (c >= 0x30 && c <= 0x39) || c == 0x2d || c == 0x2e || c == 0x5f || c == 0x7e;
}
