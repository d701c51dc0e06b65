/** A JSON object, or the entries of a map field. */
export type JsonMap = Record<string, unknown>;

/** A message as it was read: fields under the names of the proto file, defaults absent, Any already resolved to what it holds. */
export class ReadMessage {
  /** The full name, without a leading dot. */
  readonly type: string;
  readonly path: string;
  readonly fields: Readonly<JsonMap>;

  constructor(type: string, path: string, fields: Readonly<JsonMap>) {
    this.type = type;
    this.path = path;
    this.fields = fields;
  }

  /** The message in a field, or in one inside of that; undefined where there is none. */
  inner(...fields: readonly string[]): ReadMessage | undefined {
    return fields.reduce<ReadMessage | undefined>((at, field) => messageOf(at?.fields[field]), this);
  }

  /** The items of a repeated field of messages; undefined for one that could not be read. */
  items(field: string): readonly (ReadMessage | undefined)[] {
    return this.list(field).map(messageOf);
  }

  /** The items of a repeated field. */
  list(field: string): readonly unknown[] {
    const value = this.fields[field];
    return Array.isArray(value) ? value : [];
  }

  /** The entries of a map field whose values are messages; undefined for one that could not be read. */
  entries(field: string): readonly (readonly [key: string, message: ReadMessage | undefined])[] {
    const value = this.fields[field];
    return isMap(value) ? Object.entries(value).map(([key, item]) => [key, messageOf(item)]) : [];
  }
}

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function messageOf(value: unknown): ReadMessage | undefined {
  return value instanceof ReadMessage ? value : undefined;
}
