import { encodePairs } from './map-format.ts';
import { Status } from './status.ts';

/** What a proxy knows of a stream: JSON. */
export type Property = string | number | boolean | null | readonly Property[] | { readonly [name: string]: Property | undefined };

/** The bytes of a property, or the status that there is instead. Segments of a path lead through objects and lists. */
export function readProperty(properties: Property, path: string): Buffer | number {
  // Envoy serialises what it has come to, which for no path at all is nothing.
  if (path === '') return Status.SerializationFailure;
  let value: Property | undefined = properties;
  for (const segment of path.split('\0')) value = member(value, segment);
  return value === undefined ? Status.NotFound : (encode(value) ?? Status.SerializationFailure);
}

function member(value: Property | undefined, name: string): Property | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (isList(value)) return /^\d+$/.test(name) ? value[Number(name)] : undefined;
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Texts raw, numbers as f64, booleans as a byte, objects in the map format, lists too: with their items as names. A null anywhere: undefined. */
function encode(value: Property): Buffer | undefined {
  if (value === null) return undefined;
  if (typeof value === 'string') return Buffer.from(value);
  if (typeof value === 'boolean') return Buffer.of(value ? 1 : 0);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return bytes;
  }
  const pairs = isList(value) ? value.map((item) => [encode(item), nothing] as const) : Object.entries(value).map(encodeMember);
  const whole = pairs.filter((pair): pair is readonly [Buffer, Buffer] => pair[0] !== undefined && pair[1] !== undefined);
  return whole.length === pairs.length ? encodePairs(whole) : undefined;
}

const nothing = Buffer.alloc(0);

function encodeMember([name, value]: readonly [string, Property | undefined]): readonly [Buffer, Buffer | undefined] {
  return [Buffer.from(name), value === undefined ? undefined : encode(value)];
}

function isList(value: object): value is readonly Property[] {
  return Array.isArray(value);
}
