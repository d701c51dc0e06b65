import { triggerPrincipal } from '../../services/platform/contracts/identities.ts';
import { type AccessName, services } from '../../services/platform/contracts/services.ts';
import { listTriggers } from '../../services/platform/contracts/triggers.ts';

/** A method by which a request is seen to meet a service, and what lets it through the gateway. */
export type Proof =
  | { readonly gateway: 'edge'; readonly grpcPath: string; readonly access: EdgeAccess }
  /** The account that presents itself, such as "scheduler". */
  | { readonly gateway: 'jobs'; readonly grpcPath: string; readonly trigger: string };

/** Who calls methods at the edge. A public one reads the claim of whatever token it is shown. */
type EdgeAccess = Exclude<AccessName, 'trigger' | 'service'>;

const easiestFirst: readonly EdgeAccess[] = ['public', 'customer', 'partner', 'operator'];

/**
 * One method at each gateway that leads to a service. Which one it is does not matter, for it is asked something that no method does anything about
 * (until-met.ts): the one that asks for the least. None for a service that only services call.
 */
export function proofsOf(service: string): readonly Proof[] {
  return [...atTheEdge(service), ...atJobs(service)];
}

function atTheEdge(service: string): readonly Proof[] {
  const methods = services.filter(({ name }) => name === service).flatMap(({ grpcServices }) => grpcServices.flatMap((one) => one.methods));
  const found = easiestFirst.flatMap((access) =>
    methods.filter((method) => method.access === access && !method.requestStream).map(({ path }) => ({ access, path })),
  )[0];
  return found === undefined ? [] : [{ gateway: 'edge', grpcPath: found.path, access: found.access }];
}

function atJobs(service: string): readonly Proof[] {
  const trigger = listTriggers().find(({ method }) => method.workload === service);
  return trigger === undefined ? [] : [{ gateway: 'jobs', grpcPath: trigger.method.grpcPath, trigger: triggerPrincipal[trigger.kind] }];
}
