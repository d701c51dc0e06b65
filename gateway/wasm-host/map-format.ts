import type { PropertyValue } from './host.ts';

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

const nul = Buffer.alloc(1);

/** The reverse of `encodePairs`; undefined for bytes in any other form. */
export function decodePairs(bytes: Buffer): (readonly [Buffer, Buffer])[] | undefined {
  if (bytes.length < 4) return undefined;
  const count = bytes.readUInt32LE(0);
  let offset = 4 + count * 8;
  if (offset > bytes.length) return undefined;
  const take = (size: number): Buffer | undefined => {
    const end = offset + size;
    if (end >= bytes.length || bytes[end] !== 0) return undefined;
    const part = bytes.subarray(offset, end);
    offset = end + 1;
    return part;
  };
  const pairs: (readonly [Buffer, Buffer])[] = [];
  for (let i = 0; i < count; i++) {
    const name = take(bytes.readUInt32LE(4 + i * 8));
    const value = name && take(bytes.readUInt32LE(8 + i * 8));
    if (!name || !value) return undefined;
    pairs.push([name, value]);
  }
  return pairs;
}

/** A property as the plugin gets it: texts raw, numbers as f64, booleans as one byte, maps in the map format. undefined: something inside is missing. */
export function encodeProperty(value: PropertyValue): Buffer | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return Buffer.from(value);
  if (typeof value === 'boolean') return Buffer.of(value ? 1 : 0);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return bytes;
  }
  const pairs: (readonly [Buffer, Buffer])[] = [];
  for (const [name, member] of Object.entries(value)) {
    const bytes = encodeProperty(member);
    if (bytes === undefined) return undefined;
    pairs.push([Buffer.from(name), bytes]);
  }
  return encodePairs(pairs);
}
