import * as gcp from '@pulumi/gcp';
import { invokersOf } from '../../services/platform/contracts/invokers.ts';
import { serviceNames } from '../../services/platform/contracts/services.ts';
import type { Context } from './context.ts';
import { type RunServices, runService } from './run-services.ts';
import { memberOf, type ServiceAccounts } from './service-accounts.ts';

/** Lets each service be invoked by whom its methods name, and by nobody else. */
export function createInvokerBindings(
  { environment: { project, region } }: Context,
  accounts: ServiceAccounts,
  services: RunServices,
): void {
  for (const service of serviceNames) {
    for (const invoker of invokersOf(service)) {
      new gcp.cloudrunv2.ServiceIamMember(`${invoker}-invokes-${service}`, {
        project,
        location: region,
        name: runService(services, service).name,
        role: 'roles/run.invoker',
        member: memberOf(accounts, invoker),
      });
    }
  }
}
