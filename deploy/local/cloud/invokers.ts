import { Access } from '../../../services/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { serviceAccountEmail, type Workload } from '../../../services/contracts/identities.ts';
import { listMethods } from '../../../services/contracts/methods.ts';

/** The service accounts that may invoke a service (roles/run.invoker): derived from who may call its methods. */
export function invokersOf(service: string, project: string): string[] {
  const workloads = new Set<Workload>();
  for (const { workload, policy } of listMethods()) {
    if (workload !== service) continue;
    for (const invoker of invokersBy(policy?.access ?? Access.UNSPECIFIED, policy?.callers ?? [])) workloads.add(invoker);
  }
  return [...workloads].map((workload) => serviceAccountEmail(workload, project));
}

function invokersBy(access: Access, callers: readonly string[]): readonly Workload[] {
  switch (access) {
    case Access.PUBLIC:
    case Access.CUSTOMER:
    case Access.PARTNER:
    case Access.OPERATOR:
      return ['edge-gateway'];
    case Access.TRIGGER:
      return ['jobs-gateway'];
    case Access.SERVICE:
      return callers as Workload[];
    case Access.UNSPECIFIED:
      return [];
  }
}
