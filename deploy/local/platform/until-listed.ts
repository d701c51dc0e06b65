import { setTimeout as delay } from 'node:timers/promises';
import { previewClusterName } from '../../../gateway/bootstrap/previews.ts';
import type { Ports } from './ports.ts';
import type { PreviewTarget } from './previews.ts';

const limitMs = 30_000;
const pauseMs = 20;

/** The admin interfaces of the gateways, by the names of their ports. */
type Admins = Pick<Ports, 'edge_admin' | 'jobs_admin'>;

/** Resolves when both gateways list a preview, which Envoy does once it can be used. @throws {Error} where they have not heard of it in time. */
export function untilListed(ports: Admins, target: PreviewTarget, signal: AbortSignal): Promise<void> {
  return until(true, ports, target, signal);
}

/**
 * Resolves when neither gateway leads requests to a preview any more: Envoy forgets a cluster before it closes its connections.
 *
 * @throws {Error} where they have not heard of it in time.
 */
export function untilForgotten(ports: Admins, target: PreviewTarget, signal: AbortSignal): Promise<void> {
  return until(false, ports, target, signal);
}

async function until(known: boolean, ports: Admins, target: PreviewTarget, signal: AbortSignal): Promise<void> {
  const name = previewClusterName(target);
  const deadline = Date.now() + limitMs;
  for (const admin of [ports.edge_admin, ports.jobs_admin]) {
    while ((await knows(admin, name, signal)) !== known) {
      if (Date.now() > deadline)
        throw new Error(
          `the gateways have not heard within ${limitMs / 1_000} s that ${name} is ${known ? 'there' : 'gone'}: see control-plane.log`,
        );
      await delay(pauseMs, undefined, { signal });
    }
  }
}

/** Undefined while the gateway does not answer. */
async function knows(admin: number, name: string, signal: AbortSignal): Promise<boolean | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${admin}/clusters`, { signal });
    return (await response.text()).includes(`${name}::`);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
