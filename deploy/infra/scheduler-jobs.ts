import * as gcp from '@pulumi/gcp';
import { audienceOf, triggerPrincipal } from '../../services/platform/contracts/identities.ts';
import { listTriggers } from '../../services/platform/contracts/triggers.ts';
import { serviceUrl } from '../environments/addresses.ts';
import type { Context } from './context.ts';
import { accountOf, type ServiceAccounts } from './service-accounts.ts';

/** The gateway's limit is the deadline and a second; Cloud Scheduler waits a little longer. It takes 15 s to 30 min. */
const graceMs = 5_000;

/** Creates a job for each method with a schedule. */
export function createSchedulerJobs({ environment, options }: Context, accounts: ServiceAccounts): void {
  const { project, region } = environment;
  for (const trigger of listTriggers()) {
    if (trigger.kind !== 'schedule') continue;
    new gcp.cloudscheduler.Job(
      trigger.resourceId,
      {
        project,
        region,
        name: trigger.resourceId,
        schedule: trigger.cron,
        timeZone: trigger.timeZone,
        attemptDeadline: `${Math.min(1800, Math.max(15, Math.ceil((trigger.deadlineMs + graceMs) / 1000)))}s`,
        httpTarget: {
          uri: `${serviceUrl('jobs-gateway', environment)}${trigger.path}`,
          httpMethod: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: Buffer.from('{}').toString('base64'),
          oidcToken: { serviceAccountEmail: accountOf(accounts, triggerPrincipal.schedule).email, audience: audienceOf('jobs', project) },
        },
      },
      options,
    );
  }
}
