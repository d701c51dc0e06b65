import { Access } from '../../contracts/gen/types/kumiko/platform/v1/options_pb.js';
import type { Caller } from '../call.ts';
import type { EndUser, EndUsers } from '../end-users.ts';
import type { IdentifyWorkload } from '../platform-identity.ts';
import type { Interceptor } from '../served-method.ts';
import { unauthenticated, type VerifyToken } from '../token-verifier.ts';

const anyone: Caller = { kind: 'public' };

/** Finds out who calls: which of our workloads from the platform's token, and behind a gateway which end user from that user's own. */
export function caller(identifyWorkload: IdentifyWorkload, endUsers: EndUsers): Interceptor {
  return (next, { policy }) => {
    const isPublic = policy?.access === Access.PUBLIC;
    return async (call) => {
      const workload = identifyWorkload(call.header('x-serverless-authorization'));
      if (workload === undefined) throw unauthenticated('the request did not come through the platform', 'CALLER_UNKNOWN');
      const verify = workload === 'edge-gateway' ? endUsers.edge : workload === 'jobs-gateway' ? endUsers.jobs : undefined;
      if (verify === undefined) {
        call.caller = { kind: 'service', name: workload };
        call.callerId = workload;
      } else if (workload === 'edge-gateway' && isPublic) {
        // Public methods do not care whose token is there: a webhook's may not even be one of ours.
        call.caller = anyone;
      } else {
        const verified = endUser(verify, call.header('authorization'));
        const user = verified instanceof Promise ? await verified : verified;
        call.caller = user?.caller ?? anyone;
        call.callerId = user?.logId;
      }
      return next(call);
    };
  };
}

function endUser(verify: VerifyToken<EndUser>, header: string | undefined): EndUser | Promise<EndUser> | undefined {
  if (header === undefined) return undefined;
  if (!/^bearer /i.test(header)) throw unauthenticated('Authorization is not a bearer token');
  return verify(header.slice('bearer '.length));
}
