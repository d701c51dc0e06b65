import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { run_v1 } from '@googleapis/run';
import type { Preview } from '../../gateway/bootstrap/environment.ts';
import { imageRepository } from '../environments/addresses.ts';
import { type Environment, sizesOf } from '../environments/environment.ts';
import { serviceVariables, type UrlOf, type Variable } from './service-environment.ts';
import type { Workload } from './workloads.ts';

/** The port that every container listens on, HTTP/2 without TLS. */
const port = 8080;

/** The path that the gateways' bootstraps answer themselves. */
const gatewayHealthPath = '/health';

const collectorConfig = (name: string) => readFileSync(join(import.meta.dirname, '../otel', name), 'utf8');

/** What containers are made from. */
export interface ContainerOptions {
  readonly environment: Environment;
  /** The tag of our images. */
  readonly imageTag: string;
  /** The revisions that work may ask for. */
  readonly previews?: readonly Preview[];
  /** Default: Cloud Run's URLs. */
  readonly urlOf?: UrlOf;
}

/** The containers of a workload: its own first, then the collector where it is a sidecar. */
export function containersOf(workload: Workload, options: ContainerOptions): run_v1.Schema$Container[] {
  return [ownContainer(workload, options), ...sidecars(workload, options.environment)];
}

function ownContainer(workload: Workload, { environment, imageTag, previews, urlOf }: ContainerOptions): run_v1.Schema$Container {
  const { cpu, memory } = sizesOf(environment, workload.name);
  const image = workload.kind === 'gateway' ? 'gateway' : workload.name;
  return {
    name: workload.name,
    image: `${imageRepository(environment)}/${image}:${imageTag}`,
    // The name makes it HTTP/2 from end to end.
    ports: [{ name: 'h2c', containerPort: port }],
    env:
      workload.kind === 'gateway'
        ? [
            { name: 'GATEWAY_ROLE', value: workload.role },
            { name: 'GATEWAY_WORKERS', value: String(Math.ceil(cpu)) },
          ]
        : Object.entries(serviceVariables(workload.name, environment, { previews, urlOf })).map(variable),
    resources: { limits: { cpu: String(cpu), memory } },
    // As often as is allowed: a cold start waits for it. 30 s in all.
    startupProbe: { ...healthOf(workload), periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 30 },
    livenessProbe: { ...healthOf(workload), periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 3 },
  };
}

/** Services speak grpc.health.v1. The gateways pass gRPC on, and answer one path themselves. */
function healthOf({ kind }: Workload): run_v1.Schema$Probe {
  return kind === 'service' ? { grpc: { port } } : { httpGet: { path: gatewayHealthPath, port } };
}

function variable([name, value]: [string, Variable]): run_v1.Schema$EnvVar {
  if (typeof value === 'string') return { name, value };
  return { name, valueFrom: { secretKeyRef: { name: value.secret, key: 'latest' } } };
}

/** Nothing waits for the collector: it would lengthen every cold start, and spans are sent again. */
function sidecars({ kind }: Workload, { collector, project }: Environment): run_v1.Schema$Container[] {
  if (collector.kind !== 'sidecar') return [];
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
