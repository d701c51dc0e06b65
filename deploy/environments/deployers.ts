import { type Principal, serviceAccountId } from '../../services/platform/contracts/identities.ts';
import type { Environment } from './environment.ts';

/** As whom the repository's workflows work: releases and migrations, and revisions of pull requests. */
export const deployers = { release: 'deploy', preview: 'preview' } as const satisfies Record<string, Principal>;

/** The ids of the service accounts of those that the environment has. */
export function deployerAccountIds({ github }: Environment): string[] {
  return (github.previews ? [deployers.release, deployers.preview] : [deployers.release]).map(serviceAccountId);
}
