const interesting = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  '\\u',
  '\\ud800',
  ':',
  ',',
  '.',
  '-',
  'e',
  '1e999',
  '-0',
  'null',
  'exp',
  '\0',
  '\r\n',
  '=',
  'é',
  '\ud83d\ude00',
];

/** Changes a few places of some bytes: flips, cuts, repeats, inserts. */
export function mutate(input: Uint8Array, random: () => number): Buffer {
  let bytes = Buffer.from(input);
  const place = (): number => Math.floor(random() * (bytes.length + 1));
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
    const at = place();
    const end = Math.min(bytes.length, at + Math.floor(random() * 20));
    const kind = Math.floor(random() * 6);
    if (kind === 0 && at < bytes.length) bytes[at]! ^= 1 << Math.floor(random() * 8);
    if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(pick(interesting, random)), bytes.subarray(at)]);
    if (kind === 4)
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(Math.floor(random() * 200), pick(interesting, random)),
        bytes.subarray(at),
      ]);
    if (kind === 5) bytes = bytes.subarray(0, at);
  }
  return bytes;
}

export function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)]!;
}
