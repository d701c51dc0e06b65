import { join } from 'node:path';
import { expect, test } from 'vitest';
import { audienceOf } from '../../services/platform/contracts/identities.ts';
import { compileBootstrap } from './compile-bootstrap.ts';
import { type GatewayEnvironment, readEnvironment } from './environment.ts';
import { listGatewayMethods, type Role } from './gateway-methods.ts';
import { environmentFolder } from './golden.ts';
import { requirementOn, routeOf, routesFor, routesOf } from './testing-routes.ts';
import { validateBootstrap } from './validation/validate-bootstrap.ts';

const { strictPreviews: _, ...staging } = readEnvironment(join(environmentFolder, 'staging.yaml'));
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

test('a preview has a cluster of its own, with the host of its tag as server name', () => {
  const cluster = compile('edge').clusters.find(({ name }) => name === 'partner-pr-123');
  const host = 'pr-123---partner-2345678901-an.a.run.app';
  expect(cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address).toEqual({ address: host, port_value: 443 });
  expect(cluster.transport_socket.typed_config).toMatchObject({ sni: host, auto_sni_san_validation: true });
});

test("every method of the service has a route to the preview before its default one, with the preview's authority and the method's limits", () => {
  const { manager } = compile('edge');
  for (const { grpcPath, workload } of listGatewayMethods('edge')) {
    const own = routesFor(manager, grpcPath).filter(({ match }) => match.path === grpcPath);
    expect(own).toHaveLength(staging.previews!.some(({ service }) => service === workload) ? 2 : 1);
    if (workload !== 'partner') continue;
    const [preview, standard] = own;
    expect(preview.match.headers).toEqual([{ name: partnerHeader, string_match: { exact: 'pr-123' } }]);
    expect(preview.typed_per_filter_config).toEqual(standard.typed_per_filter_config);
    expect(preview.route).toEqual({
      ...standard.route,
      cluster: 'partner-pr-123',
      host_rewrite_literal: 'pr-123---partner-2345678901-an.a.run.app',
    });
  }
});

test('all revisions of a service share its audience', () => {
  const { audiences } = plugin(compile('edge').manager, 'metadata-token');
  expect(audiences['partner-pr-123']).toBe(audienceOf('partner', 'kumiko-staging'));
  expect(audiences['partner-pr-123']).toBe(audiences.partner);
});

test.each(roles)('%s knows previews of the services behind it only', (role) => {
  const behind = new Set(listGatewayMethods(role).map(({ workload }) => workload));
  const wanted = staging.previews!.filter(({ service }) => behind.has(service)).map(({ service, tag }) => `${service}-${tag}`);
  const names = compile(role).clusters.map(({ name }) => name);
  expect(names.filter((name) => name.endsWith('-pr-123'))).toEqual(wanted);
  if (role === 'jobs') expect(wanted).toEqual(['job-pr-123']);
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
  expect(stripped('jobs', { previews: [] })).toContain('x-kumiko-preview');
});

test('public methods look at a token where there are previews, and do not need it', () => {
  const path = listGatewayMethods('edge').find(({ access }) => access === 'public')!.grpcPath;
  const asked = (previews: GatewayEnvironment['previews']) => {
    const { manager } = compile('edge', { previews });
    return requirementOn(manager, routeOf(manager, 'POST', path));
  };
  expect(asked(staging.previews).requires_any.requirements.at(-1)).toEqual({ allow_missing_or_failed: {} });
  expect(asked([])).toEqual({});
});

test('what a preview answers is not to be cached, public or not', () => {
  const url = 'https://pr-1---customer-2345678901-an.a.run.app';
  const routes = routesOf(compile('edge', { previews: [{ service: 'customer', tag: 'pr-1', url }] }).manager);
  const previews = routes.filter(({ name }) => name.endsWith('@pr-1'));
  expect(previews.length).toBeGreaterThan(2);
  expect(previews.every(({ response_headers_to_add }) => response_headers_to_add === undefined)).toBe(true);
});

test('an unknown preview meets the default, or where strict an answer that says so; tasks always meet the default', () => {
  const unknown = (role: Role, change?: Partial<GatewayEnvironment>) =>
    routesOf(compile(role, change).manager).filter(({ direct_response }) => direct_response?.status === 503);
  expect(unknown('edge')).toEqual([]);
  expect(unknown('jobs', { strictPreviews: true })).toEqual([]);
  const strict = unknown('edge', { strictPreviews: true });
  expect(strict).toContainEqual({
    name: 'unknown-preview/kumiko.partner.v1.PartnerService',
    match: { prefix: '/kumiko.partner.v1.PartnerService/', headers: [{ name: partnerHeader, present_match: true }] },
    direct_response: { status: 503, body: { inline_string: 'the token asks for a preview of the partner service that does not exist' } },
    typed_per_filter_config: expect.objectContaining({
      'envoy.filters.http.jwt_authn': expect.objectContaining({ requirement_name: 'any' }),
    }),
  });
  const routes = routesFor(compile('edge', { strictPreviews: true }).manager, '/kumiko.partner.v1.PartnerService/');
  const at = (wanted: (route: Walked) => boolean) => routes.findIndex(wanted);
  const refusal = at(({ name }) => name === 'unknown-preview/kumiko.partner.v1.PartnerService');
  expect(refusal).toBeGreaterThan(at(({ name }) => name === 'kumiko.partner.v1.PartnerService.ShipOrder@pr-123'));
  expect(refusal).toBeLessThan(at(({ name }) => name === 'kumiko.partner.v1.PartnerService.CreateDeal'));
});

test('without previews nothing in the file knows of them', () => {
  for (const role of roles) {
    const { manager } = compile(role, { previews: [] });
    expect(plugin(manager, 'dynamic-routing')).toBeUndefined();
    expect(JSON.stringify(manager.route_config)).not.toContain('x-kumiko-preview');
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
