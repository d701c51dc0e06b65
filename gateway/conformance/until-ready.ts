import { setTimeout as delay } from 'node:timers/promises';
import { adminPage } from '../envoy/admin-page.ts';
import type { RunningEnvoy } from '../envoy/start-envoy.ts';

/** Nobody waits so long unless the machine is busy. */
const limitMs = 60_000;
const pauseMs = 20;

/**
 * Resolves when an Envoy can be judged: it listens before it has fetched the keys of tokens, and where it has waited for a second also before it has heard of
 * previews.
 *
 * @param ask sends a request that is refused without a good token, and tells the status of its answer; with one that is `admitted`.
 * @param previews names of clusters, such as "partner@pr-1".
 * @throws {Error} where it does not come to that, with what Envoy has logged.
 */
export async function untilReady(
  { adminPort, log }: Pick<RunningEnvoy, 'adminPort' | 'log'>,
  { ask, admitted = 200, previews = [] }: { ask(): Promise<number | undefined>; admitted?: number; previews?: Iterable<string> },
): Promise<void> {
  const names = [...previews];
  const end = Date.now() + limitMs;
  for (;;) {
    const status = await ask();
    const page = await adminPage(adminPort, '/clusters');
    const unheardOf = names.filter((name) => !page.includes(`${name}::`));
    if (status === admitted && unheardOf.length === 0) return;
    if (Date.now() > end) {
      const missing = unheardOf.length === 0 ? '' : `, and has not heard of ${unheardOf.join(', ')}`;
      throw new Error(`Envoy answers ${status} to a good token${missing}:\n${log()}`);
    }
    await delay(pauseMs);
  }
}
