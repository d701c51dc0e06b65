import { callersOf } from '../../services/platform/contracts/callers.ts';
import { Access } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { invokersOf } from '../../services/platform/contracts/invokers.ts';
import type { Method } from '../../services/platform/contracts/methods.ts';
import { listTriggers } from '../../services/platform/contracts/triggers.ts';

/** Why methods must not be deployed, each with its name: nobody could call them, or nothing would. Empty where they may. */
export function methodFaults(methods: readonly Method[]): string[] {
  const triggered = new Set(listTriggers(methods).map(({ method }) => method.grpcPath));
  return methods.flatMap(({ desc, grpcPath, policy, workload }) => {
    const access = policy?.access ?? Access.UNSPECIFIED;
    if (access === Access.UNSPECIFIED) return [`${grpcPath}: no access option says who may call it`];
    if (access === Access.SERVICE && policy !== undefined && callersOf(desc, policy).length === 0)
      return [`${grpcPath}: ACCESS_SERVICE without callers: nobody may invoke it`];
    if (access === Access.TRIGGER && !triggered.has(grpcPath)) return [`${grpcPath}: ACCESS_TRIGGER without a trigger: nothing calls it`];
    if (access !== Access.TRIGGER && triggered.has(grpcPath)) {
      return [`${grpcPath}: a trigger without ACCESS_TRIGGER: the jobs gateway, its invoker, does not offer it`];
    }
    if (triggered.has(grpcPath) && !invokersOf(workload, methods).includes('jobs-gateway')) {
      return [`${grpcPath}: a trigger without an invoker: the jobs gateway may not invoke "${workload}"`];
    }
    return [];
  });
}
