/** A JSON value, as a bootstrap file holds. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** A JSON object. Entries that are undefined are left out when written. */
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** A google.protobuf.Any in JSON: the type that Envoy resolves the object with, then its fields. */
export function any(type: string, fields: JsonObject = {}): JsonObject {
  return { '@type': `type.googleapis.com/${type}`, ...fields };
}
