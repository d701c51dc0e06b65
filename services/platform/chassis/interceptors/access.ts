import type { DescMethod } from '@bufbuild/protobuf';
import { callersOf } from '../../contracts/callers.ts';
import { Access, type MethodPolicy } from '../../contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { serviceAccountEmail, triggerPrincipal } from '../../contracts/identities.ts';
import type { Caller } from '../server/call.ts';
import type { Interceptor } from '../server/served-method.ts';
import { permissionDenied } from '../trust/end-users.ts';
import { unauthenticated } from '../trust/token-verifier.ts';

/** Denies every caller that the method's access option does not let in. A method without the option denies all. */
export function access(project: string): Interceptor {
  return (next, { desc, policy, fullName }) => {
    const allows = ruleOf(desc, policy, project);
    return (call) => {
      if (!allows(call.caller)) {
        if (call.caller.kind === 'public' && policy !== undefined) throw unauthenticated(`${fullName} needs a token`, 'TOKEN_MISSING');
        throw permissionDenied(`this caller may not call ${fullName}`);
      }
      return next(call);
    };
  };
}

function ruleOf(method: DescMethod, policy: MethodPolicy | undefined, project: string): (caller: Caller) => boolean {
  switch (policy?.access) {
    case Access.PUBLIC:
      return (caller) => caller.kind === 'public';
    case Access.CUSTOMER:
      return (caller) => caller.kind === 'customer';
    case Access.PARTNER:
      return (caller) => caller.kind === 'partner';
    case Access.OPERATOR:
      return (caller) => caller.kind === 'operator';
    case Access.TRIGGER: {
      const kind = policy.trigger?.kind.case;
      const email = kind === undefined ? undefined : serviceAccountEmail(triggerPrincipal[kind], project);
      return (caller) => caller.kind === 'trigger' && caller.email === email;
    }
    case Access.SERVICE: {
      const callers = new Set(callersOf(method, policy));
      return (caller) => caller.kind === 'service' && callers.has(caller.name);
    }
    default:
      return () => false;
  }
}
