import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import type { StoredService } from '../run/resources.ts';
import type { RunServices } from '../run/run-services.ts';
import { uriAnnotation } from '../run/uris.ts';
import type { Backend, RevisionPool } from './revision-pool.ts';
import { pickTarget, type TrafficShare } from './traffic-split.ts';

/** What the Admin API is asked for traffic. */
type Services = Pick<RunServices, 'services' | 'revision'>;

/** What a service's requests are shared by just now. */
interface Traffic {
  shares: readonly TrafficShare<RevisionPool>[];
}

/** Which revisions the requests to a service's own URL go to, as its traffic says in the Admin API. */
export class ServiceTraffic {
  readonly #poolAt: (uri: string) => RevisionPool | undefined;
  readonly #random: () => number;
  readonly #services = new Map<string, Traffic>();

  /** @param poolAt the revision that is served at a URI. @param random from 0 up to, not including, 1. */
  constructor(poolAt: (uri: string) => RevisionPool | undefined, random: () => number) {
    this.#poolAt = poolAt;
    this.#random = random;
  }

  /** What stands behind a service's own URL. All traffic is the default revision's until the Admin API says otherwise. */
  of(service: string, standard: RevisionPool): Backend {
    const traffic: Traffic = { shares: [{ target: standard, percent: 100 }] };
    this.#services.set(service, traffic);
    return { lease: () => pickTarget(traffic.shares, traffic.shares.length === 1 ? 0 : this.#random()).lease() };
  }

  /** Moves traffic to where the Admin API has it, and with it the instances that stay where nobody calls. */
  follow(services: Services, parent: string): void {
    for (const { message } of services.services(parent)) {
      const shares = (message.trafficStatuses ?? []).flatMap((target): TrafficShare<RevisionPool>[] => {
        const percent = target.percent ?? 0;
        const pool = this.#poolAt(uriOf(services, message, target.revision || lastSegment(message.latestReadyRevision ?? '')));
        return percent > 0 && pool !== undefined ? [{ target: pool, percent }] : [];
      });
      // While something changes, or where a revision of it runs nowhere, requests go where they went.
      if (shares.reduce((sum, { percent }) => sum + percent, 0) !== 100) continue;
      const traffic = this.#services.get(lastSegment(message.name));
      const before = traffic?.shares ?? [];
      if (traffic !== undefined) traffic.shares = shares;
      for (const { target } of before) if (!shares.some((share) => share.target === target)) target.keepFor(0);
      for (const { target, percent } of shares) target.keepFor(percent);
    }
  }
}

/** Where a revision is served. Those of services that nobody runs are served nowhere. */
function uriOf(services: Services, { name }: StoredService['message'], revision: string): string {
  try {
    return services.revision(`${name}/revisions/${revision}`).message.annotations?.[uriAnnotation] ?? nowhere;
  } catch {
    return nowhere;
  }
}

const nowhere = 'http://127.0.0.1:0';
