import * as gcp from '@pulumi/gcp';
import { listWorkloads, type Workload } from '../cloud-run/workloads.ts';
import type { Context } from './context.ts';
import type { Network } from './network.ts';
import { accountOf, type ServiceAccounts } from './service-accounts.ts';

/** The Cloud Run services, by name. */
export type RunServices = Readonly<Record<string, gcp.cloudrunv2.Service>>;

/** Google's sample container: it only holds the place until the first delivery. */
const placeholder = 'us-docker.pkg.dev/cloudrun/container/hello';

/**
 * Creates the Cloud Run services, so that bindings, the load balancer and triggers have something to point at. Who may reach them is
 * decided here; what they run is the delivery's.
 */
export function createRunServices({ environment, options }: Context, accounts: ServiceAccounts, network: Network): RunServices {
  const { project, region } = environment;
  const services = listWorkloads(environment.github.previews).map((workload) => {
    const service = new gcp.cloudrunv2.Service(
      workload.name,
      {
        project,
        location: region,
        name: workload.name,
        ingress: ingressOf(workload),
        // Envoy verifies the tokens itself.
        invokerIamDisabled: workload.kind === 'gateway',
        customAudiences: [workload.audience(project)],
        deletionProtection: true,
        template: {
          serviceAccount: accountOf(accounts, workload.name).email,
          containers: [{ image: placeholder }],
          vpcAccess: { egress: 'ALL_TRAFFIC', networkInterfaces: [{ network: network.id, subnetwork: network.subnetwork }] },
        },
      },
      { ...options, ignoreChanges: ['template', 'traffics', 'scaling', 'labels', 'annotations', 'client', 'clientVersion', 'launchStage'] },
    );
    return [workload.name, service];
  });
  return Object.fromEntries(services) as RunServices;
}

/** As the manifests have it. */
function ingressOf(workload: Workload): string {
  if (workload.kind === 'control-plane') return 'INGRESS_TRAFFIC_ALL';
  return workload.kind === 'gateway' && workload.role === 'edge'
    ? 'INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER'
    : 'INGRESS_TRAFFIC_INTERNAL_ONLY';
}

/** The Cloud Run service of a workload. @throws {TypeError} where there is none. */
export function runService(services: RunServices, workload: string): gcp.cloudrunv2.Service {
  const service = services[workload];
  if (service === undefined) throw new TypeError(`"${workload}" has no Cloud Run service`);
  return service;
}
