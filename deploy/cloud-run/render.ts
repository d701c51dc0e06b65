import { stringify } from 'yaml';
import { renderBootstrap } from '../../gateway/bootstrap/render-bootstrap.ts';
import { listMethods } from '../../services/platform/contracts/methods.ts';
import { deployedGatewayEnvironment } from '../environments/deployed-gateway-environment.ts';
import type { Environment } from '../environments/environment.ts';
import { cloudRunService } from './cloud-run-service.ts';
import { databaseGrants } from './database-grants.ts';
import { deliveryVariables } from './delivery-variables.ts';
import { exposureFaults } from './exposure-faults.ts';
import { knativeService } from './knative-service.ts';
import { methodFaults } from './method-faults.ts';
import type { CurrentTraffic, NewRevision } from './traffic.ts';
import { listWorkloads } from './workloads.ts';

/** What is rendered. */
export interface RenderOptions {
  readonly environment: Environment;
  readonly target: 'cloud-run' | 'knative';
  readonly imageTag: string;
  /** A revision that gets no traffic yet. */
  readonly revision?: NewRevision | undefined;
  /** What serves now; needed with `revision`. */
  readonly current?: CurrentTraffic | undefined;
}

/** Everything that a deployment is made of, by file name. */
export type RenderedFiles = ReadonlyMap<string, string>;

/** What is in a file that is rendered. @throws {Error} for one that is not. */
export function renderedFile(files: RenderedFiles, name: string): string {
  const content = files.get(name);
  if (content === undefined) throw new Error(`nothing renders ${name}: there are ${[...files.keys()].join(', ')}`);
  return content;
}

/** Manifests that must not be deployed. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/**
 * Renders an environment. For Cloud Run: the manifests, both gateways' bootstraps, the stack configuration of deploy/infra and the database
 * grants. For Knative: the services' manifests.
 *
 * @throws RefusedError {Error} where the protos or the manifests are not safe to deploy.
 */
export function render({ environment, target, imageTag, revision, current }: RenderOptions): RenderedFiles {
  refuse('the protos', methodFaults(listMethods()));
  if (revision !== undefined && isPreviewTag(revision.tag) && !environment.github.previews) {
    throw new RefusedError(`--tag ${revision.tag}: pull requests get no revisions in this environment (github.previews: false)`);
  }
  const workloads = listWorkloads(environment.github.previews);
  if (target === 'knative') {
    const services = workloads.filter(({ kind }) => kind === 'service');
    return new Map(
      services.map((workload) => [
        `knative/${workload.name}.yaml`,
        yaml(knativeService(workload, { environment, imageTag, revision, serving: current?.get(workload.name) })),
      ]),
    );
  }
  const manifests = workloads.map((workload): [string, string] => {
    const manifest = cloudRunService(workload, { environment, imageTag, revision, serving: current?.get(workload.name) });
    refuse('the manifests', exposureFaults(workload, manifest));
    return [`cloud-run/${workload.name}.yaml`, yaml(manifest)];
  });
  const gateways = deployedGatewayEnvironment(environment);
  return new Map([
    ...manifests,
    ...(['edge', 'jobs'] as const).map((role): [string, string] => [
      `bootstrap/${role}.yaml`,
      renderBootstrap({ role, environment: gateways }),
    ]),
    ['infra/Pulumi.yaml', yaml(stackConfig(environment))],
    ['delivery.env', deliveryVariables(environment)],
    [
      'spanner/grants.sql',
      databaseGrants()
        .map((statement) => `${statement};\n`)
        .join(''),
    ],
  ]);
}

function refuse(what: string, faults: readonly string[]): void {
  if (faults.length > 0) throw new RefusedError(`${what} are not safe to deploy:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
}

/** The tag of a pull request's revisions. */
function isPreviewTag(tag: string): boolean {
  return /^pr-\d+$/.test(tag);
}

/** What `pulumi up --config-file` takes: the whole environment, checked again by the program that reads it. */
function stackConfig(environment: Environment): object {
  const { project, region } = environment;
  return { config: { 'gcp:project': project, 'gcp:region': region, 'kumiko-infra:environment': environment } };
}

function yaml(value: object): string {
  return `# Rendered from the protos and the environment. Do not edit.\n${stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })}`;
}
