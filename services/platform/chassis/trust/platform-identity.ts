import { LRUCache } from 'lru-cache';
import { callingWorkloads, type Principal, serviceAccountEmail } from '../../contracts/identities.ts';

/** Cloud Run puts this in the place of a signature that it has checked (https://cloud.google.com/run/docs/triggering/https-request). */
const checkedSignature = 'SIGNATURE_REMOVED_BY_GOOGLE';

/** Tells which of our workloads sent a request from its X-Serverless-Authorization header; undefined where none of ours did. */
export type IdentifyPrincipal = (header: string | undefined) => Principal | undefined;

/**
 * Reads the payload of the ID token that the platform has checked. The signature is gone by then, so a token that still has one was let in by something
 * other than the platform, and proves nothing.
 */
export function principalIdentifier(project: string): IdentifyPrincipal {
  const byEmail = new Map(callingWorkloads.map((workload) => [serviceAccountEmail(workload, project), workload]));
  // ID tokens live an hour and each instance of a workload has its own.
  const known = new LRUCache<string, Principal>({ max: 1_000 });
  return (header) => {
    if (header === undefined) return undefined;
    const cached = known.get(header);
    if (cached !== undefined) return cached;
    const email = emailOf(header);
    const workload = email === undefined ? undefined : byEmail.get(email);
    if (workload !== undefined) known.set(header, workload);
    return workload;
  };
}

function emailOf(header: string): string | undefined {
  const [, payload, signature] = header.replace(/^bearer /i, '').split('.');
  if (payload === undefined || signature !== checkedSignature) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    if (typeof claims !== 'object' || claims === null || !('email' in claims) || typeof claims.email !== 'string') return undefined;
    return claims.email;
  } catch {
    return undefined;
  }
}
