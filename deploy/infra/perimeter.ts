import * as gcp from '@pulumi/gcp';
import { product } from '../../services/platform/contracts/services.ts';
import { deployerAccountIds } from '../environments/deployers.ts';
import type { Context } from './context.ts';

/** Where the platform's data is. */
const restrictedServices = [
  'artifactregistry.googleapis.com',
  'cloudkms.googleapis.com',
  'cloudtasks.googleapis.com',
  'cloudtrace.googleapis.com',
  'logging.googleapis.com',
  'monitoring.googleapis.com',
  'pubsub.googleapis.com',
  'run.googleapis.com',
  'secretmanager.googleapis.com',
  'spanner.googleapis.com',
];

/** What the delivery reaches from outside of the perimeter. */
const deliveryServices = ['artifactregistry.googleapis.com', 'run.googleapis.com', 'spanner.googleapis.com'];

/** Creates the VPC Service Controls perimeter, where the environment has one: data leaves the project by our own code only. */
export function createPerimeter({ environment, options }: Context): void {
  const { perimeter, project, projectNumber } = environment;
  if (perimeter === undefined) return;
  const rules = {
    resources: [`projects/${projectNumber}`],
    restrictedServices,
    ingressPolicies: [
      {
        title: 'Delivery',
        ingressFrom: {
          identities: deployerAccountIds(environment).map((id) => `serviceAccount:${id}@${project}.iam.gserviceaccount.com`),
          sources: [{ accessLevel: '*' }],
        },
        ingressTo: {
          resources: [`projects/${projectNumber}`],
          operations: deliveryServices.map((serviceName) => ({ serviceName, methodSelectors: [{ method: '*' }] })),
        },
      },
    ],
  };
  const parent = `accessPolicies/${perimeter.accessPolicy}`;
  const common = { parent, name: `${parent}/servicePerimeters/${product}`, title: product };
  const enforced = perimeter.mode === 'enforced';
  new gcp.accesscontextmanager.ServicePerimeter(
    'perimeter',
    enforced ? { ...common, status: rules } : { ...common, useExplicitDryRunSpec: true, spec: rules },
    options,
  );
}
