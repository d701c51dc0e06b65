import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { run_v1 } from '@googleapis/run';
import { imageRepository } from '../environments/addresses.ts';
import { type Environment, sizesOf } from '../environments/environment.ts';
import { controlPlaneVariables, serviceVariables, type UrlOf, type VariableValue } from './service-environment.ts';
import type { Workload } from './workloads.ts';

/** The port that every container listens on, HTTP/2 without TLS. */
const port = 8080;

/** The path that the gateways' bootstraps answer themselves. */
const gatewayHealthPath = '/health';

const collectorConfig = (name: string) => readFileSync(join(import.meta.dirname, '../otel', name), 'utf8');

/** What containers are made from. */
export interface ManifestContainerOptions {
  readonly environment: Environment;
  /** The tag of our images. */
  readonly imageTag: string;
  /** Default: Cloud Run's URLs. */
  readonly urlOf?: UrlOf;
}

/** The containers of a workload: its own first, then the collector where it is a sidecar. */
export function containersOf(workload: Workload, options: ManifestContainerOptions): run_v1.Schema$Container[] {
  return [ownContainer(workload, options), ...sidecars(workload, options.environment)];
}

function ownContainer(workload: Workload, { environment, imageTag, urlOf }: ManifestContainerOptions): run_v1.Schema$Container {
  const { cpu, memory } = sizesOf(environment, workload.name);
  const image = workload.kind === 'gateway' ? 'gateway' : workload.name;
  return {
    name: workload.name,
    image: `${imageRepository(environment)}/${image}:${imageTag}`,
    // The name makes it HTTP/2 from end to end.
    ports: [{ name: 'h2c', containerPort: port }],
    env: Object.entries(variablesOf(workload, environment, urlOf)).map(variable),
    resources: { limits: { cpu: String(cpu), memory } },
    // As often as is allowed: a cold start waits for it. 30 s in all.
    startupProbe: { ...healthOf(workload), periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 30 },
    livenessProbe: { ...healthOf(workload), periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3 },
  };
}

function variablesOf(workload: Workload, environment: Environment, urlOf: UrlOf | undefined): Readonly<Record<string, VariableValue>> {
  switch (workload.kind) {
    case 'gateway':
      return { GATEWAY_ROLE: workload.role, GATEWAY_WORKERS: String(Math.ceil(sizesOf(environment, workload.name).cpu)) };
    case 'control-plane':
      return controlPlaneVariables(environment);
    case 'service':
      return serviceVariables(workload.name, environment, urlOf);
  }
}

/** Services and the control plane speak grpc.health.v1. The gateways pass gRPC on, and answer one path themselves. */
function healthOf({ kind }: Workload): run_v1.Schema$Probe {
  return kind === 'gateway' ? { httpGet: { path: gatewayHealthPath, port } } : { grpc: { port } };
}

function variable([name, value]: [string, VariableValue]): run_v1.Schema$EnvVar {
  if (typeof value === 'string') return { name, value };
  return { name, valueFrom: { secretKeyRef: { name: value.secret, key: 'latest' } } };
}

/** Nothing waits for the collector: it would lengthen every cold start, and spans are sent again. */
function sidecars({ kind }: Workload, { collector, project }: Environment): run_v1.Schema$Container[] {
  // The control plane tells of itself by its log.
  if (collector.kind !== 'sidecar' || kind === 'control-plane') return [];
  // In the manifest, so that the configuration and the revision are rolled back together.
  const configurations = {
    OTELCOL_CONFIG: collectorConfig('sidecar.yaml'),
    // The collector merges what it is given.
    ...(kind === 'gateway' && { OTELCOL_ENVOY_CONFIG: collectorConfig('envoy-metrics.yaml') }),
  };
  return [
    {
      name: 'otel-collector',
      image: collector.image,
      args: Object.keys(configurations).map((name) => `--config=env:${name}`),
      env: [...Object.entries(configurations).map(([name, value]) => ({ name, value })), { name: 'GOOGLE_CLOUD_PROJECT', value: project }],
      resources: { limits: { cpu: collector.cpu, memory: collector.memory } },
    },
  ];
}
