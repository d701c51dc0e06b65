import type { run_v1 } from '@googleapis/run';
import { serviceAccountId } from '../../services/platform/contracts/identities.ts';
import { product } from '../../services/platform/contracts/services.ts';
import { sizesOf } from '../environments/environment.ts';
import type { Deployment } from './cloud-run-service.ts';
import { containersOf } from './containers.ts';
import { trafficWith } from './traffic.ts';
import { timeoutSeconds, type Workload } from './workloads.ts';

/** The namespace of the services, and of the Kubernetes secrets that bear the names of those in Secret Manager, each with the key "latest". */
const namespace = product;

/**
 * The manifest of a service for plain Knative: docs/reference/containers.md tells what Cloud Run and Knative read differently of the same fields. Only the services: a gateway's bootstrap names Cloud Run's URLs.
 *
 * Knative has no check of callers like Cloud Run's, and the services trust that it was made: something in front of each must verify the
 * ID token in X-Serverless-Authorization (audience and account), as an Istio RequestAuthentication with an AuthorizationPolicy does.
 */
export function knativeService(workload: Workload, { environment, imageTag, revision, serving = [] }: Deployment): run_v1.Schema$Service {
  const { min, max, concurrency } = sizesOf(environment, workload.name);
  const { name } = workload;
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { 'networking.knative.dev/visibility': 'cluster-local' } },
    spec: {
      template: {
        metadata: {
          ...(revision !== undefined && { name: `${name}-${revision.suffix}` }),
          annotations: { 'autoscaling.knative.dev/minScale': String(min), 'autoscaling.knative.dev/maxScale': String(max) },
        },
        spec: {
          // A Kubernetes account, bound to the Google account of the same name by Workload Identity.
          serviceAccountName: serviceAccountId(name),
          containerConcurrency: concurrency,
          timeoutSeconds: timeoutSeconds(workload),
          containers: containersOf(workload, {
            environment,
            imageTag,
            urlOf: (target) => `http://${target}.${namespace}.svc.cluster.local`,
          }),
        },
      },
      traffic: trafficWith(name, revision, serving),
    },
  };
}
