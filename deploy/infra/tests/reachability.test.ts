import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEnvironment } from '../../environments/environment.ts';
import { createPlatform } from '../platform.ts';
import { createdBy, ofType } from './created-resources.ts';

const environment = readEnvironment('production');
const resources = await createdBy(() => createPlatform(environment));
const services = ofType(resources, 'Service').filter(({ type }) => type.startsWith('gcp:cloudrunv2/'));

test('only the edge gateway has an ingress beyond internal', () => {
  const open = services.filter(({ inputs }) => inputs.ingress !== 'INGRESS_TRAFFIC_INTERNAL_ONLY');
  assert.deepEqual(
    open.map(({ name, inputs }) => [name, inputs.ingress]),
    [['edge-gateway', 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER']],
  );
  assert.equal(services.length, 6);
});

test('the load balancer leads to the edge gateway and to nothing else', () => {
  const groups = ofType(resources, 'RegionNetworkEndpointGroup');
  assert.deepEqual(
    groups.map(({ inputs }) => inputs.cloudRun),
    [{ service: 'edge-gateway' }, { service: 'edge-gateway', tag: 'candidate' }],
  );
  const serverless = new Set(groups.map(({ inputs }) => `RegionNetworkEndpointGroup/${inputs.name}`));
  for (const { inputs } of ofType(resources, 'BackendService')) {
    for (const { group } of inputs.backends) assert.ok(serverless.has(group), group);
    assert.equal(inputs.securityPolicy, 'selfLink/kumiko-edge', 'Cloud Armor stands before every backend');
  }
  assert.equal(ofType(resources, 'BackendBucket').length, 0);
});

test('the internet finds one address and one port', () => {
  const rules = [...ofType(resources, 'GlobalForwardingRule'), ...ofType(resources, 'ForwardingRule')];
  assert.deepEqual(
    rules.map(({ inputs }) => inputs.portRange),
    ['443'],
  );
  assert.equal(ofType(resources, 'GlobalAddress').length, 1);
  const ingress = ofType(resources, 'Firewall').filter(({ inputs }) => inputs.direction !== 'EGRESS');
  assert.deepEqual(ingress, []);
});

test("only the gateways are without Cloud Run's check of the caller", () => {
  const unchecked = services.filter(({ inputs }) => inputs.invokerIamDisabled === true).map(({ name }) => name);
  assert.deepEqual(unchecked.toSorted(), ['edge-gateway', 'jobs-gateway']);
});

test('nobody is everybody', () => {
  for (const { type, name, inputs } of resources) {
    assert.doesNotMatch(JSON.stringify(inputs), /allUsers|allAuthenticatedUsers/, `${type} ${name}`);
  }
});

test('the CDN keeps public reads, and nothing that depends on the caller', async () => {
  const { listMethods } = await import('../../../services/platform/contracts/methods.ts');
  const [{ inputs: urlMap }] = ofType(resources, 'URLMap') as unknown as [{ inputs: { pathMatchers: PathMatcher[] } }];
  const rules = urlMap.pathMatchers.flatMap(({ pathRules }) => pathRules ?? []);
  const cached = ofType(resources, 'BackendService').filter(({ inputs }) => inputs.enableCdn === true);
  assert.deepEqual(
    cached.map(({ inputs }) => [inputs.name, inputs.cdnPolicy.cacheMode]),
    [['kumiko-edge-public-reads', 'USE_ORIGIN_HEADERS']],
  );
  assert.deepEqual(
    rules.map(({ service }) => service),
    ['BackendService/kumiko-edge-public-reads'],
  );
  const matches = (path: string) => rules.some(({ paths }) => paths.some((pattern) => matchesPattern(path, pattern)));
  for (const { desc, policy, http } of listMethods()) {
    if (http?.pattern.case !== 'get') continue;
    const path = http.pattern.value.replaceAll(/\{\w+=([^}]+)\}/g, '$1').replaceAll('*', 'x1');
    assert.equal(matches(path), policy?.access === 1, `${desc.name} ${path}`);
  }
});

interface PathMatcher {
  readonly pathRules?: readonly { readonly paths: readonly string[]; readonly service: string }[];
}

/** As URL maps do: "*" only as the last segment, for any rest. */
function matchesPattern(path: string, pattern: string): boolean {
  return pattern.endsWith('/*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}
