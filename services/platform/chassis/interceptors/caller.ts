import { Access } from '../../contracts/gen/types/kumiko/platform/v1/options_pb.js';
import type { Caller } from '../server/call.ts';
import type { Interceptor } from '../server/served-method.ts';
import type { ServerCall } from '../server/server-call.ts';
import type { EndUser, EndUsers } from '../trust/end-users.ts';
import type { IdentifyPrincipal } from '../trust/platform-identity.ts';
import { unauthenticated, type VerifyToken } from '../trust/token-verifier.ts';

const anyone: Caller = { kind: 'public' };

/** Finds out who calls: which of our workloads from the platform's token, and behind a gateway which end user from that user's own. */
export function caller(identifyWorkload: IdentifyPrincipal, endUsers: EndUsers): Interceptor {
  return (next, { policy }) => {
    const isPublic = policy?.access === Access.PUBLIC;
    const admit = (call: ServerCall, caller: Caller, logId: string | undefined) => {
      call.caller = caller;
      call.callerId = logId;
      return next(call);
    };
    return (call) => {
      const workload = identifyWorkload(call.header('x-serverless-authorization'));
      if (workload === undefined) throw unauthenticated('the request did not come through the platform', 'CALLER_UNKNOWN');
      const verify = workload === 'edge-gateway' ? endUsers.edge : workload === 'jobs-gateway' ? endUsers.jobs : undefined;
      if (verify === undefined) return admit(call, { kind: 'service', name: workload }, workload);
      // Public methods do not care whose token is there: a webhook's may not even be one of ours.
      if (workload === 'edge-gateway' && isPublic) return admit(call, anyone, undefined);
      const user = endUser(verify, call.header('authorization'));
      if (user instanceof Promise) return user.then(({ caller, logId }) => admit(call, caller, logId));
      return admit(call, user?.caller ?? anyone, user?.logId);
    };
  };
}

function endUser(verify: VerifyToken<EndUser>, header: string | undefined): EndUser | Promise<EndUser> | undefined {
  if (header === undefined) return undefined;
  if (!/^bearer /i.test(header)) throw unauthenticated('Authorization is not a bearer token');
  return verify(header.slice('bearer '.length));
}
