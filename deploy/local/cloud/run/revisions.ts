import { randomInt, randomUUID } from 'node:crypto';
import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import { fromMs } from '../google-api/protobuf-time.ts';
import { condition } from './conditions.ts';
import type { RevisionTemplate, Service, StoredRevision } from './resources.ts';

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** A name as Cloud Run gives it to the revision with this number, such as "partner-00001-abc". */
export function revisionName(service: string, number: number): string {
  const suffix = Array.from({ length: 3 }, () => letters[randomInt(letters.length)]).join('');
  return `${service}-${String(number).padStart(5, '0')}-${suffix}`;
}

/** The revision that a template makes. @param name its full name. */
export function revisionOf(
  { name: service, launchStage }: Service,
  template: RevisionTemplate,
  name: string,
  nowMs: number,
): StoredRevision {
  const { revision: _, healthCheckDisabled: __, ...shared } = template;
  const message = {
    ...shared,
    name,
    uid: randomUUID(),
    generation: '1',
    observedGeneration: '1',
    createTime: fromMs(nowMs),
    updateTime: fromMs(nowMs),
    launchStage: launchStage ?? 'GA',
    service: lastSegment(service ?? ''),
    reconciling: false,
    conditions: ['Ready', 'ContainerReady', 'ResourcesAvailable'].map((type) => condition(type, 'CONDITION_SUCCEEDED', nowMs)),
    etag: `"${randomUUID()}"`,
  };
  return { message, createMs: nowMs };
}
