import * as gcp from '@pulumi/gcp';
import type { Environment } from '../environments/environment.ts';

/** The Google APIs that the platform and its delivery use. */
const apis = [
  'accesscontextmanager.googleapis.com',
  'artifactregistry.googleapis.com',
  'cloudkms.googleapis.com',
  'cloudresourcemanager.googleapis.com',
  'cloudscheduler.googleapis.com',
  'cloudtasks.googleapis.com',
  'cloudtrace.googleapis.com',
  'compute.googleapis.com',
  'dns.googleapis.com',
  'iam.googleapis.com',
  'iamcredentials.googleapis.com',
  'identitytoolkit.googleapis.com',
  'logging.googleapis.com',
  'monitoring.googleapis.com',
  'pubsub.googleapis.com',
  'run.googleapis.com',
  'secretmanager.googleapis.com',
  'spanner.googleapis.com',
  'sts.googleapis.com',
];

/** Enables them. They stay enabled when the stack is destroyed: others may use them. */
export function enableApis({ project }: Environment): gcp.projects.Service[] {
  return apis.map((service) => new gcp.projects.Service(service, { project, service, disableOnDestroy: false }));
}
