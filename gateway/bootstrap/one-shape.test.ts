import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileBootstrap } from './compile-bootstrap.ts';
import { readEnvironment } from './environment.ts';
import type { Role } from './gateway-methods.ts';
import { environmentFolder } from './golden.ts';

/** What a laptop's gateway and production's may differ in, as expressions for paths in the file. All else is tested where it runs. */
const differences: readonly (readonly [path: string, reason: string])[] = [
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

function bootstrap(role: Role, name: string): Map<string, unknown> {
  // A collector is an option on a laptop, reflection and the API's documents are open there, and previews are of the moment.
  const read = readEnvironment(join(environmentFolder, `${name}.yaml`));
  const environment = { ...read, otelCollector: undefined, introspection: undefined, documents: undefined };
  return new Map(scalars(compileBootstrap({ role, environment })));
}

test.each(['edge', 'jobs'] as const)("a laptop's %s and production's differ in what is listed, and in nothing else", (role) => {
  const [local, production] = [bootstrap(role, 'local'), bootstrap(role, 'production')];
  const listed = differences.map(([path]) => new RegExp(path.replaceAll('.', '\\.').replaceAll('*', '.*')));
  const different = [...new Set([...local.keys(), ...production.keys()])].filter((path) => local.get(path) !== production.get(path));
  expect(different.filter((path) => !listed.some((pattern) => pattern.test(path)))).toEqual([]);
  if (role === 'edge') {
    const unused = differences.filter((_, index) => !different.some((path) => listed[index]!.test(path)));
    expect(unused).toEqual([]);
  }
});
