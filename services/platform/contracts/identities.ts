/** Everything that has a service account of its own. Ids have the "kumiko-" prefix because Google asks for at least six characters. */
export type Workload = 'edge-gateway' | 'jobs-gateway' | 'customer' | 'partner' | 'webhook' | 'job' | 'pubsub' | 'tasks' | 'scheduler';

/** The e-mail address of a workload's service account, such as "kumiko-job@my-project.iam.gserviceaccount.com". */
export function serviceAccountEmail(workload: Workload, project: string): string {
  return `kumiko-${workload}@${project}.iam.gserviceaccount.com`;
}

/** The custom audience of a service or gateway: the `aud` of ID tokens for it, shared by all its revisions. */
export function audienceOf(target: 'edge' | 'jobs' | 'customer' | 'partner' | 'webhook' | 'job', project: string): string {
  return `https://${target}.${project}.kumiko.internal`;
}

/** Which service account presents itself for each kind of trigger. */
export const triggerWorkload = { subscription: 'pubsub', queue: 'tasks', schedule: 'scheduler' } as const;
