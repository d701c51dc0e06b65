/** A field name of HTTP/2: a token in lower case (RFC 9110 section 5.1, RFC 9113 section 8.2.1), perhaps a pseudo header's. */
export const fieldName: RegExp = /^:?[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** A field value, one character for each byte: no control characters but the tab (RFC 9110 section 5.5). */
export const fieldValue: RegExp = /^[\t\x20-\x7e\x80-\xff]*$/;

/** They concern one connection only and have no place in HTTP/2 (RFC 9113 section 8.2.2). */
export const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);
