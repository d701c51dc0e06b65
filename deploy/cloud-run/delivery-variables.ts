import { serviceAccountEmail } from '../../services/platform/contracts/identities.ts';
import { candidateDomain, imageRepository } from '../environments/addresses.ts';
import { deployers } from '../environments/deployers.ts';
import type { Environment } from '../environments/environment.ts';
import { listWorkloads, type Workload } from './workloads.ts';

/** What the workflows need to know of an environment, as lines for GITHUB_ENV. */
export function deliveryVariables(environment: Environment): string {
  const { project, projectNumber, region, domain, spanner } = environment;
  const names = (kind: Workload['kind']) =>
    listWorkloads(environment.github.previews).flatMap((workload) => (workload.kind === kind ? [workload.name] : []));
  const variables = {
    GOOGLE_CLOUD_PROJECT: project,
    REGION: region,
    IMAGE_REPOSITORY: imageRepository(environment),
    SERVICES: names('service').join(' '),
    GATEWAYS: names('gateway').join(' '),
    CONTROL_PLANE: names('control-plane').join(' '),
    API_URL: `https://${domain}`,
    CANDIDATE_URL: `https://${candidateDomain(environment)}`,
    SPANNER_INSTANCE: spanner.instance,
    SPANNER_DATABASE: spanner.database,
    WORKLOAD_IDENTITY_PROVIDER: `projects/${projectNumber}/locations/global/workloadIdentityPools/github/providers/github`,
    DEPLOY_ACCOUNT: serviceAccountEmail(deployers.release, project),
    PREVIEW_ACCOUNT: serviceAccountEmail(deployers.preview, project),
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
