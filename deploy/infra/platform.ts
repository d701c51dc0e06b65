import type { Output } from '@pulumi/pulumi';
import type { Environment } from '../environments/environment.ts';
import { createAlertPolicies } from './alert-policies.ts';
import { enableApis } from './apis.ts';
import { createArtifactRepository } from './artifact-repository.ts';
import { createControlPlane } from './control-plane.ts';
import { createDelivery } from './delivery.ts';
import { createEventBus } from './event-bus.ts';
import { createInvokerBindings } from './invoker-bindings.ts';
import { createLoadBalancer } from './load-balancer.ts';
import { createLogMetrics } from './log-metrics.ts';
import { createNetwork } from './network.ts';
import { createPerimeter } from './perimeter.ts';
import { createPrivateDns } from './private-dns.ts';
import { createRunServices } from './run-services.ts';
import { createSchedulerJobs } from './scheduler-jobs.ts';
import { createSecrets } from './secrets.ts';
import { createServiceAccounts } from './service-accounts.ts';
import { createSigningKey } from './signing-key.ts';
import { createSpanner } from './spanner.ts';
import { createTaskQueues } from './task-queues.ts';

/** What people need to know of the platform. */
interface PlatformOutputs {
  /** The API's IPv4 address: the A records of the domain and of "candidate.<domain>". */
  readonly apiAddress: Output<string>;
  /** The IPv4 address that third parties see: for their allow lists. */
  readonly egressAddress: Output<string>;
  /** What the delivery workflows authenticate at. */
  readonly workloadIdentityProvider: Output<string>;
}

/** Creates everything that the platform needs in its project, but for what the delivery brings: images, revisions, tables. */
export function createPlatform(environment: Environment): PlatformOutputs {
  const context = { environment, options: { dependsOn: enableApis(environment) } };
  const accounts = createServiceAccounts(context);
  const network = createNetwork(context);
  createPrivateDns(context, network);
  const repository = createArtifactRepository(context);
  const database = createSpanner(context, accounts);
  createSecrets(context, accounts);
  createSigningKey(context, accounts);
  const services = createRunServices(context, accounts, network);
  createInvokerBindings(context, accounts, services);
  if (environment.github.previews) createControlPlane(context, accounts, services);
  createEventBus(context, accounts);
  createTaskQueues(context, accounts);
  createSchedulerJobs(context, accounts);
  const apiAddress = createLoadBalancer(context, services);
  const workloadIdentityProvider = createDelivery(context, { accounts, repository, services, database });
  createPerimeter(context);
  createAlertPolicies(context, createLogMetrics(context));
  return { apiAddress, egressAddress: network.egressAddress, workloadIdentityProvider };
}
