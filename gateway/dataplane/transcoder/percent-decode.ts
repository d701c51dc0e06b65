import { isUtf8 } from 'node:buffer';
import { LocalReplyError } from '../http-filter.ts';

/** grpc_json_transcoder.v3's UrlUnescapeSpec: which escapes of a variable over several segments stay. */
export type UrlUnescapeSpec = 'ALL_CHARACTERS_EXCEPT_RESERVED' | 'ALL_CHARACTERS_EXCEPT_SLASH' | 'ALL_CHARACTERS';

// RFC 6570 1.5.
const reserved = new Set("!#$&'()*+,/:;=?@[]");

/** Decodes percent escapes; a broken escape stays as it is. @throws LocalReplyError 400 for bytes that are no UTF-8, which no field of text can hold. */
export function percentDecode(text: string, spec: UrlUnescapeSpec, plusIsSpace = false): string {
  if (!text.includes('%')) return plusIsSpace ? text.replaceAll('+', ' ') : text;
  const bytes: number[] = [];
  const raw = Buffer.from(text);
  for (let i = 0; i < raw.length; i++) {
    const byte = raw[i]!;
    const code = byte === 0x25 ? hex(raw, i) : -1;
    if (code >= 0 && !stays(code, spec)) {
      bytes.push(code);
      i += 2;
    } else bytes.push(plusIsSpace && byte === 0x2b ? 0x20 : byte);
  }
  const decoded = Buffer.from(bytes);
  if (!isUtf8(decoded))
    throw new LocalReplyError(400, 'Encountered non UTF-8 code points.', 'grpc_json_transcode_failure_early{INVALID_ARGUMENT}');
  return decoded.toString();
}

function hex(raw: Buffer, at: number): number {
  const digits = raw.toString('latin1', at + 1, at + 3);
  return /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

function stays(code: number, spec: UrlUnescapeSpec): boolean {
  if (spec === 'ALL_CHARACTERS') return false;
  return spec === 'ALL_CHARACTERS_EXCEPT_SLASH' ? code === 0x2f : reserved.has(String.fromCharCode(code));
}
