import * as gcp from '@pulumi/gcp';
import { triggerPrincipal } from '../../services/platform/contracts/identities.ts';
import { listTriggers } from '../../services/platform/contracts/triggers.ts';
import type { Context } from './context.ts';
import { accountOf, memberOf, type ServiceAccounts } from './service-accounts.ts';

/** Creates a queue for each method with a queue trigger. The service that it belongs to fills it, and may have tasks sign as the tasks' account. */
export function createTaskQueues({ environment: { project, region }, options }: Context, accounts: ServiceAccounts): void {
  const enqueuers = new Set<string>();
  for (const trigger of listTriggers()) {
    if (trigger.kind !== 'queue') continue;
    const name = trigger.resourceId;
    const enqueuer = trigger.method.workload;
    enqueuers.add(enqueuer);
    const queue = new gcp.cloudtasks.Queue(
      name,
      {
        project,
        location: region,
        name,
        rateLimits: { maxDispatchesPerSecond: trigger.maxDispatchesPerSecond, maxConcurrentDispatches: trigger.maxConcurrentDispatches },
        retryConfig: {
          maxAttempts: trigger.maxAttempts,
          minBackoff: `${trigger.minBackoffMs / 1000}s`,
          maxBackoff: `${trigger.maxBackoffMs / 1000}s`,
        },
        stackdriverLoggingConfig: { samplingRatio: 1 },
      },
      options,
    );
    // The service shows operators what waits, too.
    for (const { does, role } of [
      { does: 'enqueues', role: 'roles/cloudtasks.enqueuer' },
      { does: 'views', role: 'roles/cloudtasks.viewer' },
    ]) {
      new gcp.cloudtasks.QueueIamMember(`${enqueuer}-${does}-${name}`, {
        project,
        location: region,
        name: queue.name,
        role,
        member: memberOf(accounts, enqueuer),
      });
    }
  }
  for (const enqueuer of enqueuers) {
    new gcp.serviceaccount.IAMMember(`${enqueuer}-acts-as-tasks`, {
      serviceAccountId: accountOf(accounts, triggerPrincipal.queue).name,
      role: 'roles/iam.serviceAccountUser',
      member: memberOf(accounts, enqueuer),
    });
  }
}
