/** Plain data of a bootstrap. */
export type Json = Readonly<Record<string, unknown>>;

/** A google.protobuf.Any in JSON. */
export function any(type: string, fields: Json = {}): Json {
  return { '@type': `type.googleapis.com/${type}`, ...fields };
}

/** An HTTP filter of envoy.extensions.filters.http.<kind>.v3.<message>. */
export function filter(kind: string, message: string, fields: Json = {}): Json {
  return { name: `envoy.filters.http.${kind}`, typed_config: any(`envoy.extensions.filters.http.${kind}.v3.${message}`, fields) };
}

/** A route to a cluster. */
export function to(prefix: string, cluster: string, action: Json = {}, more: Json = {}): Json {
  return { match: { prefix }, route: { cluster, ...action }, ...more };
}

/** A loopback address. */
export function loopback(port: number): Json {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
