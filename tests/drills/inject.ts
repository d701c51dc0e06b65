import { setTimeout as delay } from 'node:timers/promises';
import { outsideUrl } from '../../deploy/local/platform/endpoints.ts';
import { errorCode } from '../../services/platform/contracts/error-code.ts';
import type { Fault, PlannedFault } from './fault-plan.ts';
import { callUntilAnswered } from './http-call.ts';
import type { Stage } from './stage.ts';

const killAgainAfterMs = 250;

/** Lets every fault strike at its time. Resolves when the last one has been lifted. */
export async function injectFaults(stage: Stage, faults: readonly PlannedFault[]): Promise<void> {
  const startedAt = performance.now();
  await Promise.all(
    faults.map(async (fault) => {
      await delay(Math.max(0, fault.atMs - (performance.now() - startedAt)));
      await strike(stage, fault);
    }),
  );
}

async function strike({ platform, tokenTimes }: Stage, fault: Fault): Promise<void> {
  switch (fault.kind) {
    case 'kill':
      return signal(platform.pid(fault.process), 'SIGKILL');
    case 'down': {
      const until = performance.now() + fault.forMs;
      while (performance.now() < until) {
        signal(platform.pid(fault.process), 'SIGKILL');
        await delay(killAgainAfterMs);
      }
      return;
    }
    case 'hang': {
      const pid = platform.pid(fault.process);
      signal(pid, 'SIGSTOP');
      await delay(fault.forMs);
      return signal(pid, 'SIGCONT');
    }
    case 'provider': {
      const url = `${outsideUrl(platform.endpoints, 'payment_provider')}/control/faults`;
      const set = (body: object) => callUntilAnswered({ method: 'POST', url, body });
      await set({ error_rate: fault.errorRate, latency_ms: fault.latencyMs, seed: fault.seed });
      await delay(fault.forMs);
      await set({});
      return;
    }
    case 'deliveries':
      platform.disturb({ deliveries: fault.faults });
      await delay(fault.forMs);
      return platform.disturb({});
    case 'metadata':
      platform.disturb({ metadataDown: true });
      signal(platform.pid(fault.process), 'SIGKILL');
      await delay(fault.forMs);
      return platform.disturb({});
    case 'skew':
      await platform.skewClock(fault.process, fault.offMs);
      await delay(fault.forMs);
      await platform.skewClock(fault.process, 0);
      return;
    case 'token-times':
      tokenTimes.skew(fault.offSeconds);
      await delay(fault.forMs);
      return tokenTimes.skew(0);
  }
}

/** A process that has ended meanwhile needs no signal. */
function signal(pid: number | undefined, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
