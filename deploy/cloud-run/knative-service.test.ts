import type { run_v1 } from '@googleapis/run';
import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../environments/environment.ts';
import { cloudRunService, type Deployment } from './cloud-run-service.ts';
import { knativeService } from './knative-service.ts';
import { listWorkloads } from './workloads.ts';

const environment = readEnvironment('production');
const services = listWorkloads(false).filter(({ kind }) => kind === 'service');

/** What both renderings say of how a service runs and scales, and of who meets which revision. */
function saysOf(manifest: run_v1.Schema$Service, minScale: string | undefined): object {
  const { template, traffic } = manifest.spec!;
  const { containerConcurrency, timeoutSeconds, containers } = template!.spec!;
  return {
    revision: template!.metadata?.name,
    containerConcurrency,
    timeoutSeconds,
    minScale,
    maxScale: template!.metadata!.annotations!['autoscaling.knative.dev/maxScale'],
    traffic,
    containers: containers!.map(({ name, image, ports, resources, startupProbe, livenessProbe, env, args }) => ({
      ...{ name, image, ports, resources, startupProbe, livenessProbe, args },
      // Services find each other by other names.
      variables: env!.map((variable) => [
        variable.name,
        variable.value?.includes('http') ? 'URLs' : (variable.value ?? variable.valueFrom),
      ]),
    })),
  };
}

describe.each(services)('$name', (workload) => {
  test.each<[string, Partial<Deployment>]>([
    ['the newest revision alone', {}],
    [
      'a candidate beside what serves, and a preview',
      {
        revision: { suffix: 'r2', tag: 'candidate' },
        serving: [
          { revisionName: `${workload.name}-r1`, percent: 90 },
          { revisionName: `${workload.name}-r0`, percent: 10 },
          { revisionName: `${workload.name}-rpr7`, tag: 'pr-7' },
        ],
      },
    ],
  ])('says the same on Cloud Run and on Knative: %s', (_, changed) => {
    const deployment = { environment, imageTag: 'main', ...changed };
    const cloudRun = cloudRunService(workload, deployment);
    const knative = knativeService(workload, deployment);
    // Of the service there, of each revision here: docs/reference/containers.md.
    const onKnative = saysOf(knative, knative.spec!.template!.metadata!.annotations!['autoscaling.knative.dev/minScale']);
    expect(onKnative).toEqual(saysOf(cloudRun, cloudRun.metadata!.annotations!['run.googleapis.com/minScale']));
  });
});
