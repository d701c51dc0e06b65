import * as gcp from '@pulumi/gcp';
import { interpolate, type Output } from '@pulumi/pulumi';
import {
  controlPlane,
  gateways,
  type Principal,
  runningWorkloads,
  serviceAccountId,
  triggerPrincipal,
} from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import type { Context } from './context.ts';

/** What presents itself for Google's triggers, and what it does. */
const triggers: Readonly<Record<Principal, string>> = {
  [triggerPrincipal.subscription]: 'Presents itself for Pub/Sub push subscriptions',
  [triggerPrincipal.queue]: 'Presents itself for Cloud Tasks',
  [triggerPrincipal.schedule]: 'Presents itself for Cloud Scheduler',
};

/** Whatever has an identity of its own, and what it is. */
const described: Readonly<Record<Principal, string>> = {
  ...Object.fromEntries(gateways.map((gateway) => [`${gateway}-gateway`, `The ${gateway} gateway`])),
  ...Object.fromEntries(serviceNames.map((name) => [name, `The ${name} service`])),
  [controlPlane]: 'The control plane, which tells which previews there are',
  ...triggers,
};

/** Roles that Google grants for a whole project only. */
const telemetryRoles = ['roles/cloudtrace.agent', 'roles/monitoring.metricWriter'];

/** The service accounts of the platform, by workload. */
export type ServiceAccounts = Readonly<Record<Principal, gcp.serviceaccount.Account>>;

/** Creates the service accounts. What each may do beyond telemetry is granted where the resource is created. */
export function createServiceAccounts({ environment: { project, github }, options }: Context): ServiceAccounts {
  const there = (principal: Principal) => principal !== controlPlane || github.previews;
  const accounts = Object.fromEntries(
    Object.entries(described)
      .filter(([workload]) => there(workload))
      .map(([workload, displayName]) => [
        workload,
        new gcp.serviceaccount.Account(workload, { project, accountId: serviceAccountId(workload), displayName }, options),
      ]),
  );
  // Whatever runs writes telemetry.
  for (const workload of runningWorkloads.filter(there)) {
    for (const role of telemetryRoles) {
      new gcp.projects.IAMMember(`${workload}-${role.split('.')[1]}`, { project, role, member: memberOf(accounts, workload) });
    }
  }
  return accounts;
}

/** The service account of a workload. @throws {TypeError} where there is none. */
export function accountOf(accounts: ServiceAccounts, principal: Principal): gcp.serviceaccount.Account {
  const account = accounts[principal];
  if (account === undefined) throw new TypeError(`"${principal}" has no service account`);
  return account;
}

/** The service account of a workload as IAM names it. */
export function memberOf(accounts: ServiceAccounts, principal: Principal): Output<string> {
  return iamMember(accountOf(accounts, principal));
}

/** A service account as IAM names it. */
export function iamMember(account: gcp.serviceaccount.Account): Output<string> {
  return interpolate`serviceAccount:${account.email}`;
}

/** The account by which a Google service acts in the project, such as "gcp-sa-pubsub". */
export function serviceAgent(service: string, projectNumber: string): string {
  return `serviceAccount:service-${projectNumber}@${service}.iam.gserviceaccount.com`;
}
