import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import { serviceConditions } from './conditions.ts';
import type { Revision, StoredService, TrafficTargetStatus } from './resources.ts';
import { serviceUri, tagUri } from './uris.ts';

/** A service after Cloud Run has done what it was asked for, or has failed to. */
interface Reconciled {
  readonly message: StoredService['message'];
  /** Why it failed: then traffic is where it was. */
  readonly failure?: string;
}

/** Moves a service's traffic to where it is wanted. @param revisionOf finds a revision of it by its short name. */
export function reconciled({ message }: StoredService, revisionOf: (id: string) => Revision | undefined, nowMs: number): Reconciled {
  const latest = lastSegment(message.latestCreatedRevision ?? '');
  const statuses: TrafficTargetStatus[] = [];
  for (const { type = null, revision = '', percent = 0, tag = '' } of message.traffic ?? []) {
    const target = revisionOf(revision || latest);
    if (target === undefined) {
      const failure = `Revision '${revision || latest}' does not exist or is deleted. Update all traffic to route to currently available revisions.`;
      return { message: { ...message, reconciling: false, ...serviceConditions('CONDITION_FAILED', nowMs, failure) }, failure };
    }
    statuses.push({ type, revision, percent, tag, uri: tag ? tagUri(message, tag, target) : '' });
  }
  const uri = serviceUri(message);
  return {
    message: {
      ...message,
      reconciling: false,
      observedGeneration: message.generation ?? '0',
      latestReadyRevision: message.latestCreatedRevision ?? '',
      trafficStatuses: statuses,
      uri,
      urls: [uri],
      ...serviceConditions('CONDITION_SUCCEEDED', nowMs),
    },
  };
}
