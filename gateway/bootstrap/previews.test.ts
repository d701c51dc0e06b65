import { join } from 'node:path';
import { expect, test } from 'vitest';
import { audienceOf } from '../../services/platform/contracts/identities.ts';
import { compileBootstrap } from './compile-bootstrap.ts';
import { type GatewayEnvironment, readGatewayEnvironment } from './gateway-environment.ts';
import { listGatewayMethods, type Role } from './gateway-methods.ts';
import { environmentFolder } from './golden.ts';
import { previewCluster } from './previews.ts';
import { requirementOn, routeOf, routesFor, routesOf } from './testing/testing-routes.ts';
import { validateBootstrap } from './validation/validate-bootstrap.ts';

const strict = readGatewayEnvironment(join(environmentFolder, 'staging.yaml'));
const controlPlane = strict.previews!.controlPlane;
const staging: GatewayEnvironment = { ...strict, previews: { controlPlane } };
const roles = ['edge', 'jobs'] as const;
const partnerHeader = 'x-kumiko-preview-partner';

// biome-ignore lint/suspicious/noExplicitAny: tests walk through JSON.
type Walked = any;

function compile(role: Role, change: Partial<GatewayEnvironment> = {}): { manager: Walked; clusters: Walked[] } {
  const bootstrap: Walked = compileBootstrap({ role, environment: { ...staging, ...change } });
  expect(validateBootstrap(bootstrap, { files: 'unchecked' })).toEqual([]);
  const { listeners, clusters } = bootstrap.static_resources;
  return { manager: listeners[0].filter_chains[0].filters[0].typed_config, clusters };
}

/** The configuration of a filter, where it only runs on a condition too. */
function innermost({ typed_config }: Walked): Walked {
  return typed_config.extension_config?.typed_config ?? typed_config;
}

function plugin(manager: Walked, name: string): Walked {
  const filter = manager.http_filters.map(innermost).find(({ config }: Walked) => config?.name === name);
  return filter && JSON.parse(filter.config.configuration.value);
}

test("a preview's cluster is the service's own, but for the host of its tag as address, server name and authority", () => {
  const host = 'pr-123---partner-2345678901-an.a.run.app';
  const cluster: Walked = previewCluster({ service: 'partner', tag: 'pr-123', url: `https://${host}` }, staging);
  const { endpoint } = cluster.load_assignment.endpoints[0].lb_endpoints[0];
  expect(endpoint).toEqual({ hostname: host, address: { socket_address: { address: host, port_value: 443 } } });
  expect(cluster.transport_socket.typed_config).toMatchObject({ sni: host, auto_sni_san_validation: true });
  expect(cluster.name).toBe('partner@pr-123');
  const own = compile('edge').clusters.find(({ name }) => name === 'partner');
  const addressed = ['name', 'load_assignment', 'transport_socket'];
  const rest = (one: Walked) => Object.fromEntries(Object.entries(one).filter(([key]) => !addressed.includes(key)));
  expect(rest(cluster)).toEqual(rest(own));
});

test("every method has a route to the previews of its service before its default one, with the method's limits", () => {
  const { manager } = compile('edge');
  for (const { grpcPath, workload } of listGatewayMethods('edge')) {
    const [preview, standard, ...more] = routesFor(manager, grpcPath).filter(({ match }) => match.path === grpcPath);
    expect(more).toEqual([]);
    expect(preview.match.headers).toEqual([{ name: `x-kumiko-preview-${workload}`, present_match: true }]);
    expect(preview.typed_per_filter_config).toEqual(standard.typed_per_filter_config);
    const { cluster, host_rewrite_literal, ...limits } = standard.route;
    expect(preview.route).toEqual({ ...limits, cluster_specifier_plugin: `previews-of-${workload}`, auto_host_rewrite: true });
    expect(cluster).toBe(workload);
    expect(host_rewrite_literal).toBe(new URL(staging.services[workload]!.url).host);
  }
});

test('which previews there are is told by the control plane, to which the gateway presents its own token', () => {
  const bootstrap: Walked = compileBootstrap({ role: 'edge', environment: staging });
  expect(bootstrap.dynamic_resources).toMatchObject({
    ads_config: { api_type: 'DELTA_GRPC', grpc_services: [{ envoy_grpc: { cluster_name: 'control-plane' } }] },
    cds_config: { ads: {}, initial_fetch_timeout: '1s' },
  });
  const cluster = bootstrap.static_resources.clusters.find(({ name }: Walked) => name === 'control-plane');
  const [token] = Object.values<Walked>(cluster.typed_extension_protocol_options)[0].http_filters;
  expect(JSON.parse(token.typed_config.config.configuration.value)).toEqual({
    metadata_cluster: 'metadata',
    token_header: 'x-serverless-authorization',
    audiences: { 'control-plane': audienceOf('control-plane', 'kumiko-staging') },
  });
});

test.each(roles)('the filter of %s that sets the headers stands behind the token check and before the transcoder', (role) => {
  const names = compile(role).manager.http_filters.map(
    (filter: Walked) => innermost(filter).config?.name ?? filter.name.replace('envoy.filters.http.', ''),
  );
  const order = ['jwt_authn', 'dynamic-routing', 'grpc_json_transcoder', 'rbac', 'metadata-token', 'router'];
  expect(names.filter((name: string) => order.includes(name))).toEqual(order);
});

test('at the edge the token says it, at jobs the task brings it', () => {
  const edge = plugin(compile('edge').manager, 'dynamic-routing');
  expect(edge).toMatchObject({ payloads: ['customer', 'partner', 'operator'], claim: 'kumiko_preview', choice_header: 'x-kumiko-preview' });
  const jobs = plugin(compile('jobs').manager, 'dynamic-routing');
  expect(jobs).toEqual({ payloads: ['trigger'], choice_header: 'x-kumiko-preview', headers: edge.headers, stripped_early: true });
});

test('every header that chooses is stripped from what clients send; only at jobs the one that tasks bring passes', () => {
  const stripped = (role: Role, change?: Partial<GatewayEnvironment>) =>
    compile(role, change).manager.early_header_mutation_extensions[0].typed_config.mutations.map(({ remove }: Walked) => remove);
  const { headers } = plugin(compile('edge').manager, 'dynamic-routing');
  for (const role of roles) expect(stripped(role)).toEqual(expect.arrayContaining(Object.values(headers)));
  expect(stripped('edge')).toContain('x-kumiko-preview');
  expect(stripped('jobs')).not.toContain('x-kumiko-preview');
  expect(stripped('jobs', { previews: undefined })).toContain('x-kumiko-preview');
});

test('public methods look at a token where there are previews, and do not need it', () => {
  const path = listGatewayMethods('edge').find(({ access }) => access === 'public')!.grpcPath;
  const asked = (previews: GatewayEnvironment['previews']) => {
    const { manager } = compile('edge', { previews });
    return requirementOn(manager, routeOf(manager, 'POST', path));
  };
  expect(asked(staging.previews).requires_any.requirements.at(-1)).toEqual({ allow_missing_or_failed: {} });
  expect(asked(undefined)).toEqual({});
});

test('what a preview answers is not to be cached, public or not', () => {
  const previews = routesOf(compile('edge').manager).filter(({ name }) => name.startsWith('preview/'));
  expect(previews.length).toBeGreaterThan(2);
  expect(previews.every(({ response_headers_to_add }) => response_headers_to_add === undefined)).toBe(true);
});

test('a strict edge does not ask whether there is such a preview; jobs always do', () => {
  const asks = (role: Role, previews: GatewayEnvironment['previews']) =>
    compile(role, { previews }).manager.route_config.cluster_specifier_plugins.map(({ extension }: Walked) =>
      extension.typed_config.source_code.inline_string.includes('getCluster'),
    );
  const every = (is: boolean) => (asked: boolean[]) => asked.length > 0 && asked.every((one) => one === is);
  expect(asks('edge', staging.previews)).toSatisfy(every(true));
  expect(asks('edge', strict.previews)).toSatisfy(every(false));
  expect(asks('jobs', strict.previews)).toSatisfy(every(true));
});

test('without previews nothing in the file knows of them', () => {
  for (const role of roles) {
    const { manager } = compile(role, { previews: undefined });
    expect(plugin(manager, 'dynamic-routing')).toBeUndefined();
    expect(JSON.stringify(manager.route_config)).not.toMatch(/x-kumiko-preview|previews-of/);
  }
});

test('validation wants the headers that choose stripped early, and the filter in its place', () => {
  const bootstrap: Walked = structuredClone(compileBootstrap({ role: 'edge', environment: staging }));
  const manager = bootstrap.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  const strip = manager.early_header_mutation_extensions[0].typed_config;
  strip.mutations = strip.mutations.filter(({ remove }: Walked) => remove !== partnerHeader);
  const at = manager.http_filters.findIndex((filter: Walked) => innermost(filter).config?.name === 'dynamic-routing');
  const [filter] = manager.http_filters.splice(at, 1);
  const jwt = manager.http_filters.findIndex(({ name }: Walked) => name === 'envoy.filters.http.jwt_authn');
  manager.http_filters.splice(jwt, 0, filter);
  const place = `static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[${jwt}]`;
  expect(validateBootstrap(bootstrap, { files: 'unchecked' })).toEqual([
    { path: place, message: 'must stand behind jwt_authn and before the transcoder' },
    { path: place, message: `a client can spoof ${partnerHeader}: remove it in early_header_mutation_extensions` },
  ]);
});
