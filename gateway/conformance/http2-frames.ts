/** Frames of HTTP/2 (RFC 9113 4.1), for clients that send what no library would. */

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** What begins every connection, and a SETTINGS frame without settings. */
export const preface: Buffer = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), makeFrame(frameType.settings, 0, 0)]);

/** One frame. */
export function makeFrame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** HEADERS that stand in one frame; every field literal, not indexed, not compressed (RFC 7541 6.2.2). */
export function headersFrame(stream: number, headers: readonly (readonly [string, string])[], endStream: boolean): Buffer {
  const block = Buffer.concat(headers.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
  return makeFrame(frameType.headers, 0x4 | (endStream ? 0x1 : 0), stream, block);
}

/** RST_STREAM with CANCEL. */
export function resetFrame(stream: number): Buffer {
  return makeFrame(frameType.reset, 0, stream, Buffer.from([0, 0, 0, 8]));
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  return Buffer.concat([integer(bytes.length), bytes]);
}

/** An integer with a prefix of 7 bits (RFC 7541 5.1). */
function integer(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const out = [127];
  let rest = value - 127;
  while (rest >= 128) {
    out.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return Buffer.from([...out, rest]);
}
