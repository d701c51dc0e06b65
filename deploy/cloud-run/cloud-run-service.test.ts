import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chassisShape, loadConfig } from '../../services/platform/chassis/process/config.ts';
import { shapeOf } from '../../services/platform/chassis/process/manifest.ts';
import { isControlPlaneService } from '../../services/platform/contracts/callers.ts';
import { PreviewService } from '../../services/platform/contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import { Access } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { describeMethod, listMethods } from '../../services/platform/contracts/methods.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { type Environment, readEnvironment } from '../environments/environment.ts';
import { manifestOf as ownManifest } from '../environments/manifests.ts';
import { cloudRunService } from './cloud-run-service.ts';
import { exposureFaults } from './exposure-faults.ts';
import { listWorkloads, type Workload } from './workloads.ts';

const environment = readEnvironment('production');
const workloads = listWorkloads(true);
const manifestOf = (workload: Workload, changed: Partial<Environment> = {}) =>
  cloudRunService(workload, { environment: { ...environment, ...changed }, imageTag: 'main' });
const annotationsOf = (workload: Workload) => manifestOf(workload).metadata?.annotations ?? {};
const templateOf = (workload: Workload, changed?: Partial<Environment>) => manifestOf(workload, changed).spec?.template;
const named = (name: string) => workloads.find((workload) => workload.name === name)!;

test('both gateways and every service are rendered, and the control plane where there are previews', () => {
  const always = ['edge-gateway', 'jobs-gateway', ...serviceNames];
  expect(workloads.map(({ name }) => name)).toEqual([...always, 'control-plane']);
  expect(listWorkloads(false).map(({ name }) => name)).toEqual(always);
});

describe.each(workloads.map((workload) => [workload.name, workload] as const))('%s', (name, workload) => {
  test('has only annotations that the API reference lists for the resource they are on', () => {
    const known = documentedAnnotations();
    for (const annotation of Object.keys(annotationsOf(workload))) expect(known.get(annotation), annotation).toContain('Service');
    for (const annotation of Object.keys(templateOf(workload)?.metadata?.annotations ?? {})) {
      expect(known.get(annotation), annotation).toContain('Revision');
    }
  });

  test('waits longer than the longest deadline of what runs there', () => {
    const controlPlaneMethods = PreviewService.methods.map(describeMethod);
    const seconds = [...listMethods(), ...controlPlaneMethods]
      .filter((method) => {
        const access = method.policy?.access;
        if (name === 'edge-gateway') return access !== Access.TRIGGER && access !== Access.SERVICE;
        if (name === 'jobs-gateway') return access === Access.TRIGGER;
        if (name === 'control-plane') return isControlPlaneService(method.desc.parent.typeName);
        return method.workload === name;
      })
      .map(({ policy }) => Number(policy?.deadline?.seconds));
    expect(seconds.length).toBeGreaterThan(0);
    // The gateway answers a second after the service should have.
    const answeredAfter = Math.max(...seconds) + (workload.kind === 'gateway' ? 1 : 0);
    expect(templateOf(workload)?.spec?.timeoutSeconds).toBeGreaterThan(answeredAfter);
  });

  test('is probed, speaks HTTP/2 from end to end, and has an account and an audience of its own', () => {
    const container = templateOf(workload)?.spec?.containers?.[0];
    expect(container?.ports).toEqual([{ name: 'h2c', containerPort: 8080 }]);
    const probe = workload.kind === 'gateway' ? { httpGet: { path: '/health', port: 8080 } } : { grpc: { port: 8080 } };
    expect(container?.startupProbe).toMatchObject(probe);
    expect(container?.livenessProbe).toMatchObject(probe);
    expect(templateOf(workload)?.spec?.serviceAccountName).toBe(`kumiko-${name}@kumiko-example.iam.gserviceaccount.com`);
    const target = name.replace(/-gateway$/, '');
    expect(annotationsOf(workload)['run.googleapis.com/custom-audiences']).toBe(`["https://${target}.kumiko-example.kumiko.internal"]`);
  });
});

test('only the gateways are without the invoker check; they and the control plane have the CPU always', () => {
  const unchecked = workloads.filter((workload) => annotationsOf(workload)['run.googleapis.com/invoker-iam-disabled'] === 'true');
  const always = workloads.filter(
    (workload) => templateOf(workload)?.metadata?.annotations?.['run.googleapis.com/cpu-throttling'] === 'false',
  );
  expect(unchecked.map(({ name }) => name)).toEqual(['edge-gateway', 'jobs-gateway']);
  expect(always.map(({ name }) => name)).toEqual(['edge-gateway', 'jobs-gateway', 'control-plane']);
});

test('nothing but the edge gateway can be reached through a load balancer, and from the internet directly only the control plane, behind the invoker check', () => {
  expect(Object.fromEntries(workloads.map((workload) => [workload.name, annotationsOf(workload)['run.googleapis.com/ingress']]))).toEqual({
    'edge-gateway': 'internal-and-cloud-load-balancing',
    'jobs-gateway': 'internal',
    ...Object.fromEntries(serviceNames.map((name) => [name, 'internal'])),
    'control-plane': 'all',
  });
});

test.each([
  ['customer', 'run.googleapis.com/ingress', 'all', /ingress all would open its run\.app URL/],
  ['edge-gateway', 'run.googleapis.com/ingress', 'all', /ingress all would open its run\.app URL/],
  ['jobs-gateway', 'run.googleapis.com/ingress', 'internal-and-cloud-load-balancing', /for the edge gateway only/],
  ['partner', 'run.googleapis.com/invoker-iam-disabled', 'true', /for the gateways, which verify tokens themselves/],
  ['control-plane', 'run.googleapis.com/invoker-iam-disabled', 'true', /for the gateways, which verify tokens themselves/],
  ['control-plane', 'run.googleapis.com/ingress', 'internal', /keeps operators out/],
])('%s with %s: %s is refused', (name, annotation, value, reason) => {
  const manifest = manifestOf(named(name));
  expect(exposureFaults(named(name), manifest)).toEqual([]);
  const opened = {
    ...manifest,
    metadata: { ...manifest.metadata, annotations: { ...manifest.metadata?.annotations, [annotation]: value } },
  };
  expect(exposureFaults(named(name), opened)).toEqual([expect.stringMatching(reason)]);
});

test.each(serviceNames)('%s starts with the variables of its manifest, and no secret is among their values', (name) => {
  const shape = shapeOf(ownManifest(name));
  const env = templateOf(named(name))?.spec?.containers?.[0]?.env ?? [];
  const secrets = env.filter(({ valueFrom }) => valueFrom !== undefined).map((variable) => variable.name);
  const fromSecrets = Object.entries(ownManifest(name).variables).filter(([, { production }]) => 'secret' in production);
  expect(secrets).toEqual(fromSecrets.map(([variable]) => variable));
  const profile = { kind: 'payment', name: 'yamapay', header: 'yamapay-signature', toleranceSeconds: 300, secrets: ['0123456789abcdef'] };
  const given = env.map((variable) => [variable.name!, variable.value ?? JSON.stringify([profile])]);
  expect(() => loadConfig({ ...chassisShape, ...shape }, Object.fromEntries(given))).not.toThrow();
});

test('what calls third parties has the network tag that lets it out, and nothing else has', () => {
  const tagged = workloads.filter((workload) => networkOf(workload).includes('kumiko-third-parties')).map(({ name }) => name);
  // The payment provider, and the inventory system.
  expect(tagged).toEqual(['customer', 'job']);
});

test('an issuer outside of Google lets out everything that fetches its keys', () => {
  const customer = { ...environment.identity.customer, jwksUri: 'https://login.example/jwks.json' };
  const changed = { identity: { customer } };
  const tagged = workloads.filter((workload) => networkOf(workload, changed).includes('kumiko-third-parties')).map(({ name }) => name);
  expect(tagged).toEqual(['edge-gateway', ...serviceNames]);
});

test('a shared VPC is named with its host project', () => {
  const network = { kind: 'shared', hostProject: 'network-host', network: 'vpc', subnetwork: 'run', subnetRange: '10.0.0.0/20' } as const;
  expect(networkOf(named('partner'), { network })).toBe(
    '[{"network":"projects/network-host/global/networks/vpc","subnetwork":"projects/network-host/regions/asia-northeast1/subnetworks/run","tags":["kumiko"]}]',
  );
});

test('the collector on GKE takes the place of the sidecar', () => {
  const changed = { collector: { kind: 'gke', address: '10.8.3.10' } } as const;
  expect(templateOf(named('job'))?.spec?.containers?.map(({ name }) => name)).toEqual(['job', 'otel-collector']);
  const [container, ...others] = templateOf(named('job'), changed)?.spec?.containers ?? [];
  expect(others).toEqual([]);
  expect(container?.env).toContainEqual({ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: 'http://otel-collector.kumiko.internal:4318' });
});

function networkOf(workload: Workload, changed?: Partial<Environment>): string {
  return templateOf(workload, changed)?.metadata?.annotations?.['run.googleapis.com/network-interfaces'] ?? '';
}

/** The annotations that the API's own reference text lists, each with the resources that take it. */
function documentedAnnotations(): ReadonlyMap<string, string[]> {
  const types = join(dirname(createRequire(import.meta.url).resolve('@googleapis/run')), 'v1.d.ts');
  const entries = readFileSync(types, 'utf8').matchAll(
    /`((?:run\.googleapis\.com|autoscaling\.knative\.dev)\/[\w-]+)`: ([A-Z]\w+(?:, [A-Z]\w+)*)/g,
  );
  return new Map([...entries].map(([, annotation, resources]) => [annotation!, resources!.split(', ')]));
}
