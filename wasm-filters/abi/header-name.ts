/** RFC 9110's token, in lower case. */
export function isHeaderName(text: string): bool {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const letterOrDigit = (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
    if (!letterOrDigit && "!#$%&'*+-.^_`|~".indexOf(text.charAt(i)) < 0) return false;
  }
  return text.length > 0;
}
