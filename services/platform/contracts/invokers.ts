import { callersOf } from './callers.ts';
import { Access } from './gen/types/kumiko/platform/v1/options_pb.js';
import type { Principal } from './identities.ts';
import { listMethods, type Method } from './methods.ts';

/** The workloads whose service accounts may invoke a service (roles/run.invoker): whoever may call one of its methods, and no other. */
export function invokersOf(service: string, methods: readonly Method[] = listMethods()): Principal[] {
  return [...new Set(methods.flatMap((method) => (method.workload === service ? invokersOfMethod(method) : [])))];
}

function invokersOfMethod({ desc, policy }: Method): readonly Principal[] {
  switch (policy?.access) {
    case Access.PUBLIC:
    case Access.CUSTOMER:
    case Access.PARTNER:
    case Access.OPERATOR:
      return ['edge-gateway'];
    case Access.TRIGGER:
      return ['jobs-gateway'];
    case Access.SERVICE:
      return callersOf(desc, policy);
    default:
      return [];
  }
}
