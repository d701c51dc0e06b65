import * as gcp from '@pulumi/gcp';
import type { Output } from '@pulumi/pulumi';
import { type Principal, serviceAccountId } from '../../services/platform/contracts/identities.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { listWorkloads } from '../cloud-run/workloads.ts';
import { deployers } from '../environments/deployers.ts';
import type { Context } from './context.ts';
import { type RunServices, runService } from './run-services.ts';
import { accountOf, iamMember, type ServiceAccounts } from './service-accounts.ts';

/** What the delivery works on. */
interface DeliveryTargets {
  readonly accounts: ServiceAccounts;
  readonly repository: gcp.artifactregistry.Repository;
  readonly services: RunServices;
  readonly database: gcp.spanner.Database;
}

/** What one environment of the GitHub repository works as. */
interface Deployer {
  readonly accountId: string;
  readonly account: gcp.serviceaccount.Account;
  /** The Cloud Run services that it may change. */
  readonly workloads: readonly string[];
}

/**
 * Lets the repository's workflows in without a key: those of the named environment may release and migrate, and where there are
 * previews, those of "preview" may add revisions of the services. Returns the provider's name, which the workflows need.
 */
export function createDelivery(context: Context, targets: DeliveryTargets): Output<string> {
  const { environment, options } = context;
  const { project, projectNumber, github } = environment;
  const pool = new gcp.iam.WorkloadIdentityPool('github', { project, workloadIdentityPoolId: 'github' }, options);
  const provider = new gcp.iam.WorkloadIdentityPoolProvider('github', {
    project,
    workloadIdentityPoolId: pool.workloadIdentityPoolId,
    workloadIdentityPoolProviderId: 'github',
    oidc: { issuerUri: 'https://token.actions.githubusercontent.com' },
    attributeMapping: { 'google.subject': 'assertion.sub', 'attribute.repository': 'assertion.repository' },
    attributeCondition: `assertion.repository == "${github.repository}"`,
  });

  const deployer = (principal: Principal, name: string, workloads: readonly string[]): Deployer => {
    const accountId = serviceAccountId(principal);
    const account = new gcp.serviceaccount.Account(accountId, { project, accountId, displayName: `GitHub, environment ${name}` }, options);
    const subject = `repo:${github.repository}:environment:${name}`;
    new gcp.serviceaccount.IAMMember(`github-is-${accountId}`, {
      serviceAccountId: account.name,
      role: 'roles/iam.workloadIdentityUser',
      member: `principal://iam.googleapis.com/projects/${projectNumber}/locations/global/workloadIdentityPools/github/subject/${subject}`,
    });
    return { accountId, account, workloads };
  };
  const release = deployer(
    deployers.release,
    github.environment,
    listWorkloads(github.previews).map(({ name }) => name),
  );
  grantDeployment(context, targets, release);
  if (github.previews) {
    const previews = deployer(deployers.preview, 'preview', serviceNames);
    grantDeployment(context, targets, previews);
    // Which previews nobody asks for is told by Cloud Run's metrics.
    new gcp.projects.IAMMember(`${previews.accountId}-reads-metrics`, {
      project,
      role: 'roles/monitoring.viewer',
      member: iamMember(previews.account),
    });
  }

  const { database } = targets;
  // Its schema and its rows, but neither its backups nor its deletion.
  new gcp.spanner.DatabaseIAMMember(`${release.accountId}-migrates`, {
    project,
    instance: database.instance,
    database: database.name,
    role: 'roles/spanner.databaseUser',
    member: iamMember(release.account),
  });
  return provider.name;
}

function grantDeployment(
  { environment: { project, region } }: Context,
  { accounts, repository, services }: DeliveryTargets,
  { accountId, account, workloads }: Deployer,
): void {
  const member = iamMember(account);
  new gcp.artifactregistry.RepositoryIamMember(`${accountId}-pushes-images`, {
    project,
    location: region,
    repository: repository.repositoryId,
    role: 'roles/artifactregistry.writer',
    member,
  });
  for (const name of workloads) {
    const service = { project, location: region, name: runService(services, name).name };
    new gcp.cloudrunv2.ServiceIamMember(`${accountId}-releases-${name}`, { ...service, role: 'roles/run.developer', member });
    // A revision runs as its own account, and whoever adds one must be allowed to hand that out.
    new gcp.serviceaccount.IAMMember(`${accountId}-acts-as-${name}`, {
      serviceAccountId: accountOf(accounts, name).name,
      role: 'roles/iam.serviceAccountUser',
      member,
    });
  }
}
