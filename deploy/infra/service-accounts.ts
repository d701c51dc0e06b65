import * as gcp from '@pulumi/gcp';
import { interpolate, type Output } from '@pulumi/pulumi';
import type { Workload } from '../../services/platform/contracts/identities.ts';
import type { Context } from './context.ts';

/** Whatever has an identity of its own, and what it is. */
const workloads: Readonly<Record<Workload, string>> = {
  'edge-gateway': 'The edge gateway',
  'jobs-gateway': 'The jobs gateway',
  customer: 'The customer service',
  partner: 'The partner service',
  webhook: 'The webhook service',
  job: 'The job service',
  pubsub: 'Presents itself for Pub/Sub push subscriptions',
  tasks: 'Presents itself for Cloud Tasks',
  scheduler: 'Presents itself for Cloud Scheduler',
};

/** What may write telemetry: whatever runs a collector beside it. */
const running: readonly Workload[] = ['edge-gateway', 'jobs-gateway', 'customer', 'partner', 'webhook', 'job'];

/** Roles that Google grants for a whole project only. */
const telemetryRoles = ['roles/cloudtrace.agent', 'roles/monitoring.metricWriter'];

/** The service accounts of the platform, by workload. */
export type ServiceAccounts = Readonly<Record<Workload, gcp.serviceaccount.Account>>;

/** Creates the service accounts. What each may do beyond telemetry is granted where the resource is created. */
export function createServiceAccounts({ environment: { project }, options }: Context): ServiceAccounts {
  const accounts = Object.fromEntries(
    Object.entries(workloads).map(([workload, displayName]) => [
      workload,
      new gcp.serviceaccount.Account(workload, { project, accountId: `kumiko-${workload}`, displayName }, options),
    ]),
  ) as unknown as ServiceAccounts;
  for (const workload of running) {
    for (const role of telemetryRoles) {
      new gcp.projects.IAMMember(`${workload}-${role.split('.')[1]}`, { project, role, member: memberOf(accounts[workload]) });
    }
  }
  return accounts;
}

/** A service account as IAM names it. */
export function memberOf(account: gcp.serviceaccount.Account): Output<string> {
  return interpolate`serviceAccount:${account.email}`;
}

/** The account by which a Google service acts in the project, such as "gcp-sa-pubsub". */
export function serviceAgent(service: string, projectNumber: string): string {
  return `serviceAccount:service-${projectNumber}@${service}.iam.gserviceaccount.com`;
}
