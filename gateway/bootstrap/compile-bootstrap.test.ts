import { join } from 'node:path';
import { getExtension, setExtension } from '@bufbuild/protobuf';
import { MethodOptions_IdempotencyLevel as Idempotency } from '@bufbuild/protobuf/wkt';
import { expect, test } from 'vitest';
import { Access, method as policy } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { audienceOf } from '../../services/platform/contracts/identities.ts';
import { compileBootstrap } from './compile-bootstrap.ts';
import { readGatewayEnvironment } from './gateway-environment.ts';
import { listGatewayMethods, type Role } from './gateway-methods.ts';
import { environmentFolder } from './golden.ts';
import { registryWith } from './testing/changed-protos.ts';
import { requirementOn, routeOf, routesFor, routesOf } from './testing/testing-routes.ts';
import { validateBootstrap } from './validation/validate-bootstrap.ts';

const environments = { local: read('local'), production: read('production') };

function read(name: string) {
  return readGatewayEnvironment(join(environmentFolder, `${name}.yaml`));
}

/** Follows keys and indices into the bootstrap. */
function at(value: unknown, ...keys: (string | number)[]): Walked {
  return keys.reduce((inner, key) => inner?.[key], value as Walked);
}

// biome-ignore lint/suspicious/noExplicitAny: tests walk through JSON.
type Walked = any;

const managerPath = ['static_resources', 'listeners', 0, 'filter_chains', 0, 'filters', 0, 'typed_config'];

function manager(role: Role, name: keyof typeof environments = 'local') {
  return at(compileBootstrap({ role, environment: environments[name] }), ...managerPath);
}

function filter(role: Role, name: string, environment: keyof typeof environments = 'local') {
  return manager(role, environment).http_filters.find((one: { name: string }) => one.name === name).typed_config;
}

function clusters(role: Role, name: keyof typeof environments) {
  return at(compileBootstrap({ role, environment: environments[name] }), 'static_resources', 'clusters');
}

const jwt = 'envoy.filters.http.jwt_authn';
const rbac = 'envoy.filters.http.rbac';
const roles = ['edge', 'jobs'] as const;

test('filters stand in the order that holds', () => {
  const names = (role: Role, name: keyof typeof environments) =>
    manager(role, name).http_filters.map((one: { name: string }) => one.name.replace('envoy.filters.http.', ''));
  expect(names('jobs', 'production')).toEqual([
    ...['health_check', 'error-caching', 'stream-answers', 'rest-answers', 'compressor.brotli', 'compressor.gzip', 'jwt_authn'],
    ...['buffer', 'grpc_json_transcoder', 'rbac', 'grpc_stats', 'wasm', 'router'],
  ]);
  expect(names('edge', 'production')).toEqual([
    ...[
      'health_check',
      'error-caching',
      'stream-answers',
      'rest-answers',
      'cors',
      'grpc_web',
      'connect_grpc_bridge',
      'local_ratelimit',
      'compressor.brotli',
      'compressor.gzip',
    ],
    ...['jwt_authn', 'local_ratelimit', 'buffer', 'grpc_json_transcoder', 'rbac', 'grpc_stats', 'wasm', 'router'],
  ]);
});

test('clients are limited by address before the token check, callers by subject behind it, both fully', () => {
  const [client, caller] = manager('edge', 'production').http_filters.flatMap((one: { name: string; typed_config: Walked }) =>
    one.name.endsWith('local_ratelimit') ? [one.typed_config] : [],
  );
  const limits = environments.production.rateLimits!;
  for (const limit of [client, caller]) {
    expect(limit).toMatchObject({
      filter_enabled: { default_value: { numerator: 100 } },
      filter_enforced: { default_value: { numerator: 100 } },
      always_consume_default_token_bucket: false,
    });
  }
  expect(client.descriptors).toEqual([
    { entries: [{ key: 'remote_address' }], token_bucket: expect.objectContaining({ tokens_per_fill: limits.clientPerSecond }) },
  ]);
  expect(caller.descriptors.map(({ entries }: Walked) => entries[0].key)).toEqual(['customer', 'partner']);
  expect(caller.rate_limits[0].actions[0].metadata.metadata_key.path).toEqual([{ key: 'customer' }, { key: 'sub' }]);
});

test.each(roles)('every method of %s has a route of its own, a second longer than its deadline', (role) => {
  for (const { grpcPath, workload, deadlineMs } of listGatewayMethods(role)) {
    const { route } = routeOf(manager(role), 'POST', grpcPath);
    expect(route).toMatchObject({
      cluster: workload,
      timeout: '0s',
      max_stream_duration: { max_stream_duration: `${deadlineMs / 1000 + 1}s` },
    });
  }
});

test('a unary method that may take longer than a stream may be silent is not cut for silence', () => {
  const silent = routesOf(manager('jobs')).filter(({ route }) => route?.idle_timeout === '0s');
  expect(silent.map(({ name }: Walked) => name)).toEqual(['kumiko.job.v1.JobService.SyncInventory']);
  expect(manager('jobs').stream_idle_timeout).toBe('300s');
});

test('only methods that may happen twice are retried', () => {
  const registry = registryWith('CustomerService/OpenGroup', (options) => {
    options.idempotencyLevel = Idempotency.IDEMPOTENCY_UNKNOWN;
  });
  const bootstrap = compileBootstrap({ role: 'edge', environment: environments.local, registry });
  const once = routesOf(at(bootstrap, ...managerPath)).filter(
    ({ route }) => route?.max_stream_duration !== undefined && route.retry_policy === undefined,
  );
  // An assertion is good for once.
  expect(once.map(({ name }: Walked) => name)).toEqual([
    'kumiko.customer.v1.CustomerService.OpenGroup',
    'kumiko.partner.v1.PartnerTokenService.ExchangeToken',
  ]);
});

test('a method of customers needs a payload of their issuer with a subject', () => {
  const policies = policiesOf(manager('edge'));
  const claim = (name: string, value: object) => ({
    sourced_metadata: { metadata_matcher: { filter: jwt, path: [{ key: 'customer' }, { key: name }], value }, metadata_source: 'DYNAMIC' },
  });
  expect(policies['customer'].principals).toEqual([
    {
      and_ids: {
        ids: [
          claim('iss', { string_match: { exact: 'https://securetoken.google.com/kumiko-local' } }),
          claim('sub', { string_match: { safe_regex: { regex: '.+' } } }),
        ],
      },
    },
  ]);
  expect(policies['public'].principals).toEqual([{ any: true }]);
});

test('an operator is one of the listed addresses, verified', () => {
  const registry = registryWith('CustomerService/OpenGroup', (options) => {
    setExtension(options, policy, { ...getExtension(options, policy), access: Access.OPERATOR });
  });
  const bootstrap = compileBootstrap({ role: 'edge', environment: environments.local, registry });
  const { operator } = policiesOf(at(bootstrap, ...managerPath));
  const claims = at(operator, 'principals', 0, 'and_ids', 'ids');
  const matchers = claims.map(({ sourced_metadata }: Walked) => sourced_metadata.metadata_matcher);
  expect(matchers.map(({ path, value }: Walked) => [path[1].key, Object.values(value)[0]])).toEqual([
    ['iss', { exact: 'https://accounts.google.com' }],
    ['email_verified', true],
    ['email', { exact: 'operator@kumiko.example' }],
  ]);
});

test('public reads and documents may be cached, and nothing else', () => {
  const { response_headers_to_add } = manager('edge').route_config.virtual_hosts[0];
  const cached = routesOf(manager('edge')).filter(
    ({ name, response_headers_to_add: [added] = [] }) => added?.header.key === 'cache-control' && !name.startsWith('documents/'),
  );
  const names = cached.map(({ name }: Walked) => name);
  const reads = listGatewayMethods('edge').filter(
    ({ access, desc }) => access === 'public' && desc.idempotency === Idempotency.NO_SIDE_EFFECTS,
  );
  expect(names.toSorted()).toEqual(reads.map(({ desc }) => `${desc.parent.typeName}.${desc.name}`).toSorted());
  expect(names).toContain('kumiko.customer.v1.CustomerService.GetDeal');
  expect(response_headers_to_add).toEqual([{ header: { key: 'cache-control', value: 'no-store' }, append_action: 'ADD_IF_ABSENT' }]);
});

test('a REST request has a route to an upstream before it is transcoded, as cors needs, and it leads nowhere', () => {
  const nowhere = { route: { cluster_header: 'x-kumiko-no-cluster' } };
  expect(routeOf(manager('edge'), 'OPTIONS', '/v1/orders/a')).toMatchObject({ ...nowhere, name: 'rest/v1/', match: { prefix: '/v1/' } });
  expect(routeOf(manager('edge'), 'GET', '/v1/orders/a')).toMatchObject({ ...nowhere, name: 'rest/GET/v1/orders/*' });
  const { mutations } = manager('edge').early_header_mutation_extensions[0].typed_config;
  expect(mutations).toContainEqual({ remove: 'x-kumiko-no-cluster' });
});

test('browsers have no business at jobs', () => {
  expect(JSON.stringify(manager('jobs'))).not.toContain('http.cors');
});

test.each(roles)('the last route of %s, whatever a path begins with, answers 404 to everything else, for any caller', (role) => {
  for (const path of [
    '/',
    '/nothing',
    '/v1/nothing',
    '/v1/orders/a',
    '/kumiko.job.v1.JobService/None',
    '/kumiko.customer.v1.CustomerService/None',
  ]) {
    expect(routesFor(manager(role), path).at(-1)).toMatchObject({
      match: { prefix: '/' },
      direct_response: { status: 404 },
      typed_per_filter_config: { 'envoy.filters.http.rbac': {} },
    });
  }
});

test.each(roles)('the route of %s for a REST or gRPC path asks for the token of that very method', (role) => {
  const asked = (method: string, path: string) => requirementOn(manager(role), routeOf(manager(role), method, path));
  for (const { grpcPath, access, bindings } of listGatewayMethods(role)) {
    const wanted = access === 'public' ? {} : { provider_name: access };
    expect(asked('POST', grpcPath)).toEqual(wanted);
    for (const { httpMethod, template } of bindings) {
      const segments = template.segments.map((segment) => (segment.startsWith('*') ? 'a-1' : segment));
      const path = `/${segments.join('/')}${template.verb === undefined ? '' : `:${template.verb}`}`;
      expect(asked(httpMethod, path)).toEqual(wanted);
    }
  }
});

test('a path that no method has needs a token all the same, and so does what has no route', () => {
  const asked = (role: Role, path: string) => requirementOn(manager(role), routeOf(manager(role), 'GET', path));
  for (const path of ['/', '/nothing', '/v1/deals/a/b', '/kumiko.customer.v1.CustomerInternalService/ApplyEvent']) {
    expect(asked('edge', path).requires_any.requirements).toHaveLength(3);
  }
  expect(asked('jobs', '/nothing')).toEqual({ provider_name: 'trigger' });
  expect(filter('edge', jwt).rules).toEqual([{ match: { prefix: '/' }, requires: asked('edge', '/') }]);
  expect(filter('jobs', jwt).rules).toEqual([{ match: { prefix: '/' }, requires: { provider_name: 'trigger' } }]);
});

test.each(roles)('every route of %s says what token it needs, and one that did not would be refused', (role) => {
  const { route_config, http_filters } = manager(role);
  const known = Object.keys(http_filters.find(({ name }: Walked) => name === jwt).typed_config.requirement_map);
  for (const { typed_per_filter_config: own } of routesOf(manager(role))) expect(known).toContain(own[jwt].requirement_name);
  expect(known).not.toContain(route_config.virtual_hosts[0].typed_per_filter_config[jwt].requirement_name);
});

test('tokens come from one header, expire, and are meant for this gateway', () => {
  const { operator, customer } = filter('edge', jwt).providers;
  const { trigger } = filter('jobs', jwt).providers;
  for (const provider of [operator, customer, trigger]) {
    expect(provider).toMatchObject({
      from_headers: [{ name: 'authorization', value_prefix: 'Bearer ' }],
      forward: true,
      require_expiration: true,
    });
  }
  expect(operator.audiences).toEqual([audienceOf('edge', 'kumiko-local')]);
  expect(trigger.audiences).toEqual([audienceOf('jobs', 'kumiko-local')]);
  expect(customer.audiences).toEqual(['kumiko-local']);
});

test('each kind of trigger is pinned to the service account that sends it', () => {
  const emails = Object.fromEntries(
    Object.entries(policiesOf(manager('jobs'))).map(([name, policy]) => [
      name,
      at(policy, 'principals', 0, 'and_ids', 'ids', 2, 'sourced_metadata', 'metadata_matcher', 'value', 'string_match', 'exact'),
    ]),
  );
  expect(emails).toEqual({
    subscription: 'kumiko-pubsub@kumiko-local.iam.gserviceaccount.com',
    queue: 'kumiko-tasks@kumiko-local.iam.gserviceaccount.com',
    schedule: 'kumiko-scheduler@kumiko-local.iam.gserviceaccount.com',
  });
});

/** The policies of all routes by name: those of one name are for the same callers. */
function policiesOf(walked: Walked): Record<string, Walked> {
  const entries = routesOf(walked).flatMap(({ typed_per_filter_config: own }) =>
    Object.entries<Walked>(own[rbac]?.rbac?.rules.policies ?? {}),
  );
  for (const policies of Map.groupBy(entries, ([name]) => name).values())
    for (const [, { principals }] of policies) expect(principals).toEqual(policies[0]![1].principals);
  return Object.fromEntries(entries);
}

test.each(roles)('rbac of %s allows nothing, but for each method’s route that of its very path', (role) => {
  const walked = manager(role, 'production');
  expect(filter(role, rbac, 'production').rules).toEqual({ action: 'ALLOW', policies: {} });
  for (const { grpcPath, access, triggerKind } of listGatewayMethods(role)) {
    const { rules } = routeOf(walked, 'POST', grpcPath).typed_per_filter_config[rbac].rbac;
    expect(rules).toMatchObject({
      action: 'ALLOW',
      policies: { [triggerKind ?? access]: { permissions: [{ url_path: { path: { exact: grpcPath } } }] } },
    });
    expect(Object.keys(rules.policies)).toHaveLength(1);
  }
  const allowing = routesOf(walked).filter(({ typed_per_filter_config: own }) => own[rbac]?.rbac !== undefined);
  expect(allowing.map(({ match }) => match.path).sort()).toEqual(
    listGatewayMethods(role)
      .map(({ grpcPath }) => grpcPath)
      .sort(),
  );
});

test('a request’s chain has the filters that its form needs', () => {
  const off = (method: string, path: string) =>
    Object.entries<Walked>(routeOf(manager('edge'), method, path).typed_per_filter_config).flatMap(([name, { disabled }]) =>
      disabled ? [name] : [],
    );
  expect(off('POST', '/kumiko.customer.v1.CustomerService/GetOrder')).toEqual(
    ['compressor.brotli', 'compressor.gzip', 'buffer'].map((name) => `envoy.filters.http.${name}`),
  );
  expect(off('GET', '/v1/orders/a')).toEqual(['envoy.filters.http.grpc_web', 'envoy.filters.http.connect_grpc_bridge']);
  expect(off('GET', '/v1/nothing')).toEqual([]);
});

test('the token filter has an audience for every cluster of a service', () => {
  const { config } = filter('edge', 'envoy.filters.http.wasm');
  expect(JSON.parse(config.configuration.value)).toEqual({
    metadata_cluster: 'metadata',
    token_header: 'x-serverless-authorization',
    audiences: Object.fromEntries(listGatewayMethods('edge').map(({ workload }) => [workload, audienceOf(workload, 'kumiko-local')])),
    not_found_routes: ['not-found'],
    answering_routes: ['documents/*'],
  });
});

test('in production the authority is the host on Cloud Run, and its certificate is checked', () => {
  const { route } = routeOf(manager('jobs', 'production'), 'POST', '/kumiko.job.v1.JobService/RelayOutbox');
  expect(route.host_rewrite_literal).toBe('job-1234567890-an.a.run.app');
  for (const cluster of clusters('edge', 'production').filter(
    ({ name }: { name: string }) => !['metadata', 'otel-collector'].includes(name),
  )) {
    expect(cluster).toMatchObject({
      type: 'LOGICAL_DNS',
      transport_socket: { typed_config: { auto_sni_san_validation: true, common_tls_context: { validation_context: { trusted_ca: {} } } } },
    });
  }
});

test('locally upstreams are plaintext addresses', () => {
  for (const cluster of clusters('edge', 'local')) {
    expect(cluster.type).toBe('STATIC');
    expect(cluster.transport_socket).toBeUndefined();
  }
});

test('without origins there is no cors filter and no policy', () => {
  const environment = { ...environments.production, corsOrigins: [] };
  expect(JSON.stringify(compileBootstrap({ role: 'edge', environment }))).not.toContain('http.cors');
});

test('without operators nobody is one', () => {
  const registry = registryWith('CustomerService/OpenGroup', (options) => {
    setExtension(options, policy, { ...getExtension(options, policy), access: Access.OPERATOR });
  });
  const bootstrap = compileBootstrap({ role: 'edge', environment: { ...environments.local, operatorEmails: [] }, registry });
  expect(policiesOf(at(bootstrap, ...managerPath))['operator'].principals).toEqual([{ not_id: { any: true } }]);
  expect(validateBootstrap(bootstrap, { files: 'unchecked' })).toEqual([]);
});
