import type { run_v1 } from '@googleapis/run';
import { serviceAccountEmail } from '../../services/platform/contracts/identities.ts';
import { product } from '../../services/platform/contracts/services.ts';
import { type Environment, sizesOf } from '../environments/environment.ts';
import { containersOf, type ManifestContainerOptions } from './containers.ts';
import { networkTags } from './egress.ts';
import { type NewRevision, type Serving, trafficWith } from './traffic.ts';
import { throttlesCpu, timeoutSeconds, type Workload } from './workloads.ts';

/** Which revision is rendered beside which. */
export interface Deployment extends ManifestContainerOptions {
  /** Left out: the newest revision takes all traffic at once. */
  readonly revision?: NewRevision | undefined;
  /** What serves now. */
  readonly serving?: readonly Serving[] | undefined;
}

/** The manifest of a workload for `gcloud run services replace`. */
export function cloudRunService(workload: Workload, deployment: Deployment): run_v1.Schema$Service {
  const { environment, revision, serving = [] } = deployment;
  const { project, region } = environment;
  const { name } = workload;
  const { min, max, concurrency } = sizesOf(environment, name);
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: {
      name,
      labels: { 'cloud.googleapis.com/location': region },
      annotations: {
        'run.googleapis.com/ingress': ingressOf(workload),
        // Only where Envoy verifies the tokens: Cloud Run's check would strip the signatures that it needs.
        ...(workload.kind === 'gateway' && { 'run.googleapis.com/invoker-iam-disabled': 'true' }),
        'run.googleapis.com/custom-audiences': JSON.stringify([workload.audience(project)]),
        // Of the service, so that tagged revisions without traffic cost nothing.
        'run.googleapis.com/minScale': String(min),
      },
    },
    spec: {
      template: {
        metadata: {
          ...(revision !== undefined && { name: `${name}-${revision.suffix}` }),
          annotations: {
            'autoscaling.knative.dev/maxScale': String(max),
            'run.googleapis.com/cpu-throttling': String(throttlesCpu(workload)),
            'run.googleapis.com/startup-cpu-boost': 'true',
            'run.googleapis.com/network-interfaces': JSON.stringify([networkInterface(workload, environment)]),
            // All: ingress of the services is internal, and third parties see the static address.
            'run.googleapis.com/vpc-access-egress': 'all-traffic',
          },
        },
        spec: {
          serviceAccountName: serviceAccountEmail(name, project),
          containerConcurrency: concurrency,
          timeoutSeconds: timeoutSeconds(workload),
          containers: containersOf(workload, deployment),
        },
      },
      traffic: trafficWith(name, revision, serving),
    },
  };
}

/**
 * Only the edge gateway is behind the external load balancer, and even its own URL answers nobody on the internet. The control plane answers operators at its
 * URL: Cloud Run's check lets them in, and nobody else from outside.
 */
function ingressOf(workload: Workload): 'internal' | 'internal-and-cloud-load-balancing' | 'all' {
  if (workload.kind === 'control-plane') return 'all';
  return workload.kind === 'gateway' && workload.role === 'edge' ? 'internal-and-cloud-load-balancing' : 'internal';
}

function networkInterface(workload: Workload, environment: Environment): object {
  const { network, region } = environment;
  const tags = networkTags(workload, environment);
  if (network.kind === 'own') return { network: product, subnetwork: product, tags };
  const host = `projects/${network.hostProject}`;
  return {
    network: `${host}/global/networks/${network.network}`,
    subnetwork: `${host}/regions/${region}/subnetworks/${network.subnetwork}`,
    tags,
  };
}
