import { setTimeout as delay } from 'node:timers/promises';
import { previewClusterName } from '../../../gateway/bootstrap/previews.ts';
import type { Ports } from './ports.ts';
import type { PreviewTarget } from './previews.ts';

const limitMs = 30_000;
const pauseMs = 20;

/**
 * Resolves when both gateways lead requests to a preview, or no longer do: Envoy lists a cluster from when it can be used on.
 *
 * @throws {Error} where they have not heard of it in time.
 */
export async function untilGateways(ports: Ports, target: PreviewTarget, lead: boolean, signal: AbortSignal): Promise<void> {
  const name = previewClusterName(target);
  const deadline = Date.now() + limitMs;
  for (const admin of [ports.edge_admin, ports.jobs_admin]) {
    while ((await knows(admin, name, signal)) !== lead) {
      if (Date.now() > deadline)
        throw new Error(
          `the gateways have not heard within ${limitMs / 1_000} s that ${name} ${lead ? 'is there' : 'is gone'}: see control-plane.log`,
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
