import * as gcp from '@pulumi/gcp';
import { callingWorkloads, controlPlane } from '../../services/platform/contracts/identities.ts';
import { changesSubscription } from '../cloud-run/service-environment.ts';
import type { Context } from './context.ts';
import { type RunServices, runService } from './run-services.ts';
import { memberOf, type ServiceAccounts } from './service-accounts.ts';

/** Every change of a service, its tags among it: https://docs.cloud.google.com/run/docs/audit-logging. */
const changes = 'protoPayload.serviceName="run.googleapis.com" AND resource.type="cloud_run_revision"';

/**
 * What the control plane needs: it sees which services and tags there are, hears at once when one changes, and is called by the gateways and the services. What
 * it does not hear it finds at its next listing.
 */
export function createControlPlane({ environment, options }: Context, accounts: ServiceAccounts, services: RunServices): void {
  const { project, region, operatorEmails } = environment;
  const member = memberOf(accounts, controlPlane);
  // Listing is a right over a location, not over one service.
  new gcp.projects.IAMMember('control-plane-lists-services', { project, role: 'roles/run.viewer', member });

  const topic = new gcp.pubsub.Topic(changesSubscription, { project, name: changesSubscription }, options);
  const subscription = new gcp.pubsub.Subscription(changesSubscription, {
    project,
    name: changesSubscription,
    topic: topic.id,
    // Older news are in the listing.
    messageRetentionDuration: '600s',
    expirationPolicy: { ttl: '' },
  });
  new gcp.pubsub.SubscriptionIAMMember('control-plane-hears-changes', {
    project,
    subscription: subscription.name,
    role: 'roles/pubsub.subscriber',
    member,
  });
  const sink = new gcp.logging.ProjectSink('cloud-run-changes', {
    project,
    name: 'cloud-run-changes',
    destination: topic.id.apply((id) => `pubsub.googleapis.com/${id}`),
    filter: `logName="projects/${project}/logs/cloudaudit.googleapis.com%2Factivity" AND (${changes})`,
    uniqueWriterIdentity: true,
  });
  new gcp.pubsub.TopicIAMMember('log-sink-publishes-changes', {
    project,
    topic: topic.name,
    role: 'roles/pubsub.publisher',
    member: sink.writerIdentity,
  });

  const invokers = [
    ...callingWorkloads.map((workload) => [workload, memberOf(accounts, workload)] as const),
    // They ask how it stands.
    ...operatorEmails.map((email) => [email, personOrAccount(email)] as const),
  ];
  for (const [invoker, invokingMember] of invokers) {
    new gcp.cloudrunv2.ServiceIamMember(`${invoker}-invokes-${controlPlane}`, {
      project,
      location: region,
      name: runService(services, controlPlane).name,
      role: 'roles/run.invoker',
      member: invokingMember,
    });
  }
}

/** As IAM names who has an address. */
function personOrAccount(email: string): string {
  return `${email.endsWith('.gserviceaccount.com') ? 'serviceAccount' : 'user'}:${email}`;
}
