import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compileBootstrap } from '../compile-bootstrap.ts';
import { readGatewayEnvironment } from '../gateway-environment.ts';
import { environmentFolder } from '../golden.ts';
import { envoyTypes, newerFields } from './envoy-types.ts';
import { validateBootstrap } from './validate-bootstrap.ts';

const edge = compileBootstrap({ role: 'edge', environment: readGatewayEnvironment(join(environmentFolder, 'production.yaml')) });
const manager = 'static_resources.listeners[0].filter_chains[0].filters[0].typed_config';

// biome-ignore lint/suspicious/noExplicitAny: tests spoil JSON at will.
type Spoilt = any;

/** The edge's bootstrap after a change, as faults of the form "path: message". */
function faultsAfter(change: (bootstrap: Spoilt, manager: Spoilt, filter: (name: string) => Spoilt) => void): string[] {
  const copy = structuredClone(edge) as Spoilt;
  const hcm = copy.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  change(
    copy,
    hcm,
    (name) => hcm.http_filters.find((filter: { name: string }) => filter.name === `envoy.filters.http.${name}`)?.typed_config,
  );
  return validateBootstrap(copy, { files: 'unchecked' }).map(({ path, message }) => `${path}: ${message}`);
}

test('the generated bootstrap has no fault', () => {
  expect(faultsAfter(() => {})).toEqual([]);
});

test('unknown fields are refused with their path, inside an Any as well', () => {
  const faults = faultsAfter((bootstrap, hcm) => {
    bootstrap.static_resources.clusters[1].conect_timeout = '5s';
    hcm.normalise_path = true;
  });
  expect(faults).toEqual([
    `${manager}.normalise_path: unknown field of envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    'static_resources.clusters[1].conect_timeout: unknown field of envoy.config.cluster.v3.Cluster',
  ]);
});

test('both spellings of a field are one field', () => {
  expect(faultsAfter((bootstrap) => (bootstrap.staticResources = {}))).toEqual(['staticResources: is given twice, in both spellings']);
});

test('a type that Envoy does not have is refused with its path', () => {
  const type = (url: string) => faultsAfter((_, hcm) => (hcm.http_filters[0].typed_config['@type'] = url))[0];
  const at = `${manager}.http_filters[0].typed_config.@type`;
  expect(type('type.googleapis.com/envoy.extensions.filters.http.health.v3.Health')).toBe(
    `${at}: "envoy.extensions.filters.http.health.v3.Health" is no type of Envoy's API`,
  );
  expect(type('envoy.extensions.filters.http.health_check.v3.HealthCheck')).toMatch(/must be a type URL/);
});

test.each<[string, (bootstrap: Spoilt) => void, string]>([
  ['a number', (b) => (b.admin.address.socket_address.port_value = 'x'), 'admin.address.socket_address.port_value: must be of type uint32'],
  [
    'a range',
    (b) => (b.admin.address.socket_address.port_value = 65_536),
    'admin.address.socket_address.port_value: must be at most 65535',
  ],
  ['a length', (b) => (b.admin.address.socket_address.address = ''), 'admin.address.socket_address.address: must not be empty'],
  ['an absent text', (b) => delete b.admin.address.socket_address.address, 'admin.address.socket_address.address: must not be empty'],
  [
    'a duration',
    (b) => (b.overload_manager.refresh_interval = 1),
    'overload_manager.refresh_interval: must be a duration in seconds such as "0.25s"',
  ],
  [
    'a bound duration',
    (b) => (b.static_resources.clusters[0].connect_timeout = '0s'),
    'static_resources.clusters[0].connect_timeout: must be more than 0s',
  ],
  ['a list', (b) => (b.static_resources.clusters = {}), 'static_resources.clusters: must be a list'],
  ['an enum', (b) => (b.static_resources.clusters[0].type = 'DNS'), 'must be one of STATIC, STRICT_DNS'],
  [
    'a required message',
    (b) => (b.static_resources.listeners[0].filter_chains[0].filters[0].typed_config.local_reply_config.mappers[0].filter = null),
    'local_reply_config.mappers[0].filter: is required',
  ],
  [
    'two members of a oneof',
    (b) => (b.static_resources.clusters[0].cluster_type = { name: 'x' }),
    'has type and cluster_type: only one of them is allowed',
  ],
  ['no member of a oneof', (b) => (b.admin.address = {}), 'admin.address: needs one of socket_address'],
  [
    'a header value',
    (b) => (b.static_resources.listeners[0].filter_chains[0].filters[0].typed_config.server_name = 'a\nb'),
    'server_name: is no header value',
  ],
  [
    'one item too few',
    (b) =>
      (b.static_resources.listeners[0].filter_chains[0].filters[0].typed_config.early_header_mutation_extensions[0].typed_config.mutations =
        []),
    'mutations: needs at least 1 items',
  ],
])("Envoy's constraints hold for %s", (_name, change, fault) => {
  expect(faultsAfter(change).join('\n')).toContain(fault);
});

test('a route, an issuer and a filter name clusters that exist', () => {
  const faults = faultsAfter((bootstrap) => {
    const gone = ['customer', 'jwks-partner', 'metadata'];
    bootstrap.static_resources.clusters = bootstrap.static_resources.clusters.filter(({ name }: { name: string }) => !gone.includes(name));
  });
  expect(faults).toContainEqual(
    expect.stringMatching(/virtual_hosts\[0\]\.matcher\..*\.routes\[0\]\.route\.cluster: there is no cluster "customer"$/),
  );
  expect(faults).toContainEqual(
    expect.stringMatching(/providers\.partner\.remote_jwks\.http_uri\.cluster: there is no cluster "jwks-partner"$/),
  );
  expect(faults).toContainEqual(expect.stringMatching(/typed_config\.config\.configuration: there is no cluster "metadata"$/));
});

test('names and addresses are taken once', () => {
  const faults = faultsAfter(({ static_resources: { listeners, clusters } }) => {
    clusters.push(clusters[0]);
    listeners.push({ ...listeners[0], name: 'second' });
  });
  const { clusters: before } = edge['static_resources'] as unknown as { clusters: unknown[] };
  expect(faults).toContain(`static_resources.clusters[${before.length}]: "customer" is taken by static_resources.clusters[0]`);
  expect(faults).toContain('static_resources.listeners[1]: "0.0.0.0:8080" is taken by static_resources.listeners[0]');
});

test('rules name providers that exist', () => {
  const faults = faultsAfter((_, _hcm, filter) => delete filter('jwt_authn').providers.customer);
  expect(faults.at(-1)).toMatch(/rules\[\d+\]\.requires\.requires_any\.requirements\[0\]\.provider_name: there is no provider "customer"$/);
});

test('per-route configuration is for a filter of the chain', () => {
  expect(
    faultsAfter((_, hcm) => (hcm.http_filters = hcm.http_filters.filter(({ name }: { name: string }) => !name.endsWith('cors')))),
  ).toEqual([
    `${manager}.route_config.virtual_hosts[0].typed_per_filter_config["envoy.filters.http.cors"]: no filter of the chain has this name`,
  ]);
});

test('files and the services in them exist', () => {
  const spoilt = structuredClone(edge) as Spoilt;
  const filters = spoilt.static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters;
  const transcoder = filters[indexOf(filters, 'grpc_json_transcoder')].typed_config;
  transcoder.proto_descriptor = 'services/platform/contracts/gen/descriptor.binpb';
  transcoder.services.push('kumiko.none.v1.None');
  const faults = validateBootstrap(spoilt).map(({ message }) => message);
  expect(faults).toContain('there is no file /etc/kumiko/wasm/metadata-token.wasm');
  expect(faults).toContain('services/platform/contracts/gen/descriptor.binpb has no service "kumiko.none.v1.None"');
  transcoder.proto_descriptor = 'package.json';
  expect(validateBootstrap(spoilt).map(({ message }) => message)).toContain('package.json is no descriptor set');
});

function indexOf(filters: { name: string }[], name: string): number {
  return filters.findIndex((filter) => filter.name === `envoy.filters.http.${name}`);
}

test.each([
  ['rbac', 'grpc_json_transcoder', 'rbac knows gRPC paths only'],
  ['grpc_json_transcoder', 'jwt_authn', 'nothing unverified is to be transcoded'],
  ['rbac', 'jwt_authn', 'rbac reads the payload that jwt_authn leaves'],
  ['jwt_authn', 'cors', 'preflights carry no token'],
  ['jwt_authn', 'grpc_web', 'rejections must reach the client as gRPC-Web'],
  ['grpc_json_transcoder', 'buffer', 'keeps what it does not understand yet'],
  ['jwt_authn', 'health_check', 'probes carry no token'],
  ['grpc_json_transcoder', 'compressor.brotli', 'responses run through the filters in reverse'],
  ['wasm', 'rbac', 'sees the old route'],
  ['grpc_stats', 'rbac', 'a caller could make up any number of statistics'],
  ['router', 'wasm', 'the router must be last'],
])('filters in a wrong order are refused: %s before %s', (moved, before, message) => {
  const faults = faultsAfter((_, { http_filters: filters }) => {
    const [filter] = filters.splice(indexOf(filters, moved), 1);
    filters.splice(indexOf(filters, before), 0, filter);
  });
  expect(faults.join('\n')).toContain(message);
});

test('what Envoy accepts in silence is refused', () => {
  const faults = faultsAfter((bootstrap, hcm, filter) => {
    filter('jwt_authn').rules.pop();
    delete filter('jwt_authn').providers.customer.from_headers;
    filter('jwt_authn').providers.partner.forward_payload_header = 'x-payload';
    delete filter('jwt_authn').providers.operator.audiences;
    hcm.early_header_mutation_extensions[0].typed_config.mutations.splice(0, 30);
    delete bootstrap.static_resources.clusters[0].transport_socket.typed_config.auto_sni_san_validation;
  });
  const expected = [
    /partner\.forward_payload_header: a client can spoof x-payload/,
    /early_header_mutation_extensions: a client can spoof x-envoy-original-method/,
    /rules: the last rule must be prefix/,
    /customer\.from_headers: must be set/,
    /operator\.audiences: must be set/,
    /clusters\[0\]\.transport_socket\.typed_config: needs trusted_ca and auto_sni_san_validation/,
  ];
  expect(faults).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
});

const jwt = 'envoy.filters.http.jwt_authn';
const rbac = 'envoy.filters.http.rbac';
const off = { '@type': 'type.googleapis.com/envoy.config.route.v3.FilterConfig', disabled: true };
const perRoute = 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig';

test.each<[string, (config: Spoilt) => void, RegExp]>([
  [
    'says nothing about tokens',
    (config) => delete config[jwt],
    /each route must name one of jwt_authn's requirements: customer, partner, /,
  ],
  ['names a requirement that there is not', (config) => (config[jwt].requirement_name = 'everybody'), /each route must name one of/],
  [
    'turns the token check off',
    (config) => (config[jwt] = { '@type': perRoute, disabled: true }),
    /must name a requirement: anything else turns/,
  ],
  ['turns the filter off', (config) => (config[jwt] = off), /must name a requirement: anything else turns/],
])('a route that %s is refused', (_name, change, fault) => {
  const faults = faultsAfter((_, hcm) => {
    const { map } = hcm.route_config.virtual_hosts[0].matcher.matcher_tree.prefix_match_map;
    change(map['/kumiko.customer.v1.CustomerService/'].action.typed_config.routes[0].typed_per_filter_config);
  });
  expect(faults).toEqual([expect.stringMatching(fault)]);
});

test.each<[string, (config: Spoilt, filters: Spoilt) => void, RegExp]>([
  ['a route that lets everybody through', (config) => delete config[rbac].rbac, /must have rules that allow/],
  ['a route that takes rbac out', (config) => (config[rbac] = off), /no route may take this filter out/],
  ['a route that takes the token filter out', (config) => (config['envoy.filters.http.wasm'] = off), /no route may take this filter out/],
  [
    'rbac without rules',
    (_, filters) => delete filters.find(({ name }: Spoilt) => name === rbac).typed_config.rules,
    /everything is allowed/,
  ],
])('%s is refused', (_name, change, fault) => {
  const faults = faultsAfter((_, hcm) => {
    const { map } = hcm.route_config.virtual_hosts[0].matcher.matcher_tree.prefix_match_map;
    change(map['/kumiko.customer.v1.CustomerService/'].action.typed_config.routes[0].typed_per_filter_config, hcm.http_filters);
  });
  expect(faults).toEqual([expect.stringMatching(fault)]);
});

test('the token check cannot be turned off for all routes', () => {
  const faults = faultsAfter((_, hcm) => {
    hcm.route_config.virtual_hosts[0].typed_per_filter_config[jwt] = { '@type': perRoute, disabled: true };
    hcm.http_filters.find(({ name }: { name: string }) => name === jwt).disabled = true;
  });
  expect(faults).toEqual([
    expect.stringMatching(/http_filters\[\d+\]\.disabled: nothing would be looked at$/),
    expect.stringMatching(/virtual_hosts\[0\]\.typed_per_filter_config.*must name a requirement/),
  ]);
});

test('a matcher around a filter that lets in is refused, and so are rules that deny and a filter that is off', () => {
  const wrapped = (filter: Spoilt) => {
    const extension_config = { name: filter.name, typed_config: filter.typed_config };
    filter.typed_config = { '@type': 'type.googleapis.com/envoy.extensions.common.matching.v3.ExtensionWithMatcher', extension_config };
  };
  const named = (hcm: Spoilt, name: string) => hcm.http_filters.find((filter: Spoilt) => String(filter.name).includes(name));
  expect(faultsAfter((_, hcm) => wrapped(named(hcm, 'rbac')))).toEqual([expect.stringMatching(/typed_config: must stand by itself/)]);
  expect(faultsAfter((_, _hcm, filter) => (filter('rbac').rules.action = 'DENY'))).toEqual([
    expect.stringMatching(/rules\.action: must be ALLOW/),
  ]);
  expect(faultsAfter((_, hcm) => (named(hcm, 'rbac').disabled = true))).toEqual([expect.stringMatching(/disabled: nothing would/)]);
});

test.each(['(?=a)', '(a)\\1', '(', 'a**'])('an expression that RE2 does not take is refused: %s', (regex) => {
  const match = { safe_regex: { regex } };
  expect(faultsAfter((_, _hcm, filter) => filter('jwt_authn').rules.unshift({ match }))).toEqual([
    expect.stringMatching(/rules\[0\]\.match\.safe_regex\.regex: is no RE2 expression/),
  ]);
});

test('text that is no YAML, and YAML that is no object, are faults rather than crashes', () => {
  expect(validateBootstrap('a: [')).toEqual([{ path: '', message: expect.stringMatching(/line 1/) }]);
  expect(validateBootstrap('- 1')).toEqual([{ path: '', message: 'must be an object (envoy.config.bootstrap.v3.Bootstrap)' }]);
});

test("fields that are newer than the package's copy of Envoy's API are still missing from it", () => {
  const added = newerFields.filter(({ message, name }) => envoyTypes().lookupType(message).fields[name]!.filename === null);
  expect(added).toEqual(newerFields);
});

test('a file is read as Envoy reads it, by YAML 1.1', () => {
  expect(validateBootstrap('node: {id: on, cluster: local}\nadmin: {}')[0]).toEqual({ path: 'node.id', message: 'must be text' });
  expect(validateBootstrap('node: {id: "on", cluster: local}')).toEqual([]);
});
