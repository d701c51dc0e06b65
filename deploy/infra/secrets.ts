import * as gcp from '@pulumi/gcp';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import { secretsOf } from '../cloud-run/service-environment.ts';
import type { Context } from './context.ts';
import { memberOf, type ServiceAccounts } from './service-accounts.ts';

/** Creates the secrets, empty: values are added by people and never stand in the stack's state. Each service reads its own. */
export function createSecrets({ environment, options }: Context, accounts: ServiceAccounts): void {
  const { project, region } = environment;
  for (const name of serviceNames) {
    for (const secretId of secretsOf(name, environment)) {
      const replication = { userManaged: { replicas: [{ location: region }] } };
      const secret = new gcp.secretmanager.Secret(secretId, { project, secretId, replication, deletionProtection: true }, options);
      new gcp.secretmanager.SecretIamMember(`${name}-reads-${secretId}`, {
        project,
        secretId: secret.secretId,
        role: 'roles/secretmanager.secretAccessor',
        member: memberOf(accounts, name),
      });
    }
  }
}
