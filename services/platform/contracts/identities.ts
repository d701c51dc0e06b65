import { product, serviceNames } from './services.ts';

/** The gateways: people and partners come in at the edge, Google's triggers at jobs. */
export const gateways = ['edge', 'jobs'] as const;

/** Which service account presents itself for each kind of trigger. */
export const triggerPrincipal = { subscription: 'pubsub', queue: 'tasks', schedule: 'scheduler' } as const;

/** What has a service account of its own: a service by its name, a gateway such as "edge-gateway", or what presents itself for a kind of trigger. */
export type Principal = string;

/** What tells gateways and services which previews there are. */
export const controlPlane: Principal = 'control-plane';

/** What calls services: the gateways and every service. */
export const callingWorkloads: readonly Principal[] = [...gateways.map((gateway) => `${gateway}-gateway`), ...serviceNames];

/** What runs: these, and the control plane. */
export const runningWorkloads: readonly Principal[] = [...callingWorkloads, controlPlane];

/** The id of a principal's service account, such as "kumiko-job". The prefix is there because Google asks for at least six characters. */
export function serviceAccountId(principal: Principal): string {
  return `${product}-${principal}`;
}

/** The e-mail address of a principal's service account, such as "kumiko-job@my-project.iam.gserviceaccount.com". */
export function serviceAccountEmail(principal: Principal, project: string): string {
  return `${serviceAccountId(principal)}@${project}.iam.gserviceaccount.com`;
}

/** The domain of names that exist inside the platform only, such as "kumiko.internal". */
export const internalDomain = `${product}.internal`;

/** The custom audience of a service, or of a gateway ("edge"): the `aud` of ID tokens for it, shared by all its revisions. */
export function audienceOf(target: string, project: string): string {
  return `https://${target}.${project}.${internalDomain}`;
}
