const nul = Buffer.alloc(1);

/** u32 count, the sizes of every name and value, then the bytes, each ended by NUL; little-endian. */
export function encodePairs(pairs: readonly (readonly [Buffer, Buffer])[]): Buffer {
  const sizes = Buffer.alloc(4 + pairs.length * 8);
  sizes.writeUInt32LE(pairs.length, 0);
  const parts: Buffer[] = [sizes];
  pairs.forEach(([name, value], index) => {
    sizes.writeUInt32LE(name.length, 4 + index * 8);
    sizes.writeUInt32LE(value.length, 8 + index * 8);
    parts.push(name, nul, value, nul);
  });
  return Buffer.concat(parts);
}

/** The reverse, as text. */
export function decodePairs(bytes: Buffer): (readonly [string, string])[] {
  const count = bytes.readUInt32LE(0);
  let offset = 4 + count * 8;
  const take = (size: number): string => {
    const text = bytes.toString('utf8', offset, offset + size);
    offset += size + 1;
    return text;
  };
  return Array.from({ length: count }, (_, index) => {
    const name = take(bytes.readUInt32LE(4 + index * 8));
    return [name, take(bytes.readUInt32LE(8 + index * 8))] as const;
  });
}
