import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

type Components = Readonly<Record<string, Record<string, unknown>>>;

interface CollectorConfig {
  readonly receivers: { readonly otlp: { readonly protocols: Readonly<Record<'grpc' | 'http', { readonly endpoint: string }>> } };
  readonly processors: Components;
  readonly exporters: Components;
  readonly extensions?: Components;
  readonly service: {
    readonly extensions?: readonly string[];
    readonly pipelines: Readonly<Record<string, Readonly<Record<'receivers' | 'processors' | 'exporters', readonly string[]>>>>;
  };
}

const folder = import.meta.dirname;
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');
const read = (file: string) => parse(textOf(file)) as CollectorConfig;
const sidecar = read('sidecar.yaml');
const gke = read('gke/collector.yaml');

describe.each([
  ['sidecar.yaml', sidecar],
  ['gke/collector.yaml', gke],
])('%s', (file, config) => {
  test('every pipeline names components that are there, and every component is in a pipeline', () => {
    const pipelines = Object.values(config.service.pipelines);
    for (const kind of ['receivers', 'processors', 'exporters'] as const) {
      const used = new Set(pipelines.flatMap((pipeline) => pipeline[kind]));
      expect([...used].toSorted()).toEqual(Object.keys(config[kind]).toSorted());
    }
    expect([...(config.service.extensions ?? [])]).toEqual(Object.keys(config.extensions ?? {}));
  });

  test('memory is guarded first, and batches are made last', () => {
    for (const { processors } of Object.values(config.service.pipelines)) {
      expect([processors[0], processors.at(-1)]).toEqual(['memory_limiter', 'batch']);
    }
  });

  test('spans lose noise and whatever could be personal before they are kept', () => {
    const { processors } = config.service.pipelines['traces']!;
    expect(processors.slice(1, 4)).toEqual(['filter/noise', 'attributes/ids-only', 'transform/ids-only']);
  });

  test('names no variable but the project, since "$" is special to the collector', () => {
    expect([...textOf(file).matchAll(/\$\S*/g)].map(([name]) => name)).toEqual(['$' + '{env:GOOGLE_CLOUD_PROJECT}']);
  });
});

test('both drop the same noise and the same attributes', () => {
  for (const name of ['filter/noise', 'attributes/ids-only', 'transform/ids-only'])
    expect(gke.processors[name]).toEqual(sidecar.processors[name]);
});

test('the sidecar listens for its own container only', () => {
  const { grpc, http } = sidecar.receivers.otlp.protocols;
  expect([grpc.endpoint, http.endpoint]).toEqual(['127.0.0.1:4317', '127.0.0.1:4318']);
});

test('the collector on GKE is reached from the subnetwork only, and runs as nobody', () => {
  const { resources, configMapGenerator } = parse(textOf('gke/kustomization.yaml')) as Kustomization;
  for (const file of [...resources, ...configMapGenerator.flatMap(({ files }) => files ?? [])]) {
    expect(existsSync(join(folder, 'gke', file)), file).toBe(true);
  }
  const manifests = resources.flatMap((file) => parseAllDocuments(textOf(`gke/${file}`)).map((document) => document.toJS() as Manifest));
  const service = manifests.find(({ kind }) => kind === 'Service');
  expect(service?.metadata.annotations?.['networking.gke.io/load-balancer-type']).toBe('Internal');
  const pod = manifests.find(({ kind }) => kind === 'Deployment')?.spec.template.spec;
  expect(pod?.securityContext.runAsNonRoot).toBe(true);
  expect(pod?.containers[0]?.securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
});

interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly { readonly files?: readonly string[] }[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly securityContext: { readonly runAsNonRoot: boolean };
        readonly containers: readonly { readonly securityContext: object }[];
      };
    };
  };
}
