import type { GatewayAccess, GatewayMethod } from '../bootstrap/gateway-methods.ts';

/** Whom a document is for. The kinds of callers that come in at the edge with a token. */
export const audiences = ['customers', 'partners', 'operators'] as const;

/** One of them. */
export type Audience = (typeof audiences)[number];

const accessOf: Readonly<Record<Audience, GatewayAccess>> = { customers: 'customer', partners: 'partner', operators: 'operator' };

/**
 * The methods that a document tells of: those of the audience's own access, and the public ones of a service that this audience calls. A public method of a
 * service that nobody else calls is told to everybody.
 */
export function methodsFor(audience: Audience, methods: readonly GatewayMethod[]): GatewayMethod[] {
  const callersOf = (workload: string) => new Set(methods.filter((method) => method.workload === workload).map(({ access }) => access));
  return methods.filter(({ access, workload, bindings }) => {
    if (bindings.length === 0) return false;
    if (access !== 'public') return access === accessOf[audience];
    const callers = callersOf(workload);
    return callers.has(accessOf[audience]) || audiences.every((other) => !callers.has(accessOf[other]));
  });
}
