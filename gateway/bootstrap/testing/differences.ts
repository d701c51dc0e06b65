/** What the bootstraps of a laptop, a test and production may differ in, as expressions for paths in the file. All else is tested where it runs. */
export const differences: readonly (readonly [path: string, reason: string])[] = [
  ['node.cluster', 'names'],
  ['listeners.0.address', 'addresses'],
  ['clusters.*.load_assignment', 'addresses'],
  ['clusters.*.(type|dns_lookup_family)', 'a name or an address'],
  ['clusters.*.transport_socket', 'TLS'],
  ['listeners.0.*.scheme_to_overwrite', 'TLS'],
  ['listeners.0.*.xff_num_trusted_hops', 'the proxies in front'],
  ['listeners.0.*.host_rewrite_literal', 'targets'],
  ['listeners.0.*.providers.[a-z]+.(issuer|audiences.0|remote_jwks.http_uri.uri)', 'issuers'],
  ['listeners.0.*.policies.*.exact', 'issuers and service accounts'],
  ['listeners.0.*.config.configuration.value', 'audiences'],
  ['listeners.0.*.(proto_descriptor|filename)', 'where files lie'],
  ['listeners.0.*.cors.allow_origin_string_match', 'who develops an app calls from any port of this machine'],
  ['listeners.0.*.token_bucket.*', 'limits that nobody at home meets'],
];

/** Every scalar of a value by its path. */
function scalars(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, item]) => scalars(item, path === '' ? key : `${path}.${key}`));
}

/** The paths in which two bootstraps differ, and those of them that are not listed. */
export function compare(one: unknown, other: unknown): { readonly different: readonly string[]; readonly unlisted: readonly string[] } {
  const [first, second] = [new Map(scalars(one)), new Map(scalars(other))];
  const different = [...new Set([...first.keys(), ...second.keys()])].filter((path) => first.get(path) !== second.get(path));
  return { different, unlisted: different.filter((path) => !differences.some(([listed]) => expression(listed).test(path))) };
}

/** The expression of a listed path. */
export function expression(path: string): RegExp {
  return new RegExp(path.replaceAll('.', '\\.').replaceAll('*', '.*'));
}
