import type { TrafficTarget } from './resources.ts';
import { violation } from './resources.ts';

/** Of a host name, in which a tag and its service stand as one label. https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration#tags */
const maxLabel = 63;

/**
 * Checks the traffic of a service; without targets all of it goes to the latest ready revision.
 * Whether revisions exist is seen when the traffic is moved.
 *
 * @param field such as "UpdateServiceRequest.service.traffic".
 * @throws ApiError INVALID_ARGUMENT
 */
export function checkedTraffic(field: string, service: string, targets: readonly TrafficTarget[]): TrafficTarget[] {
  if (targets.length === 0) return [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', revision: '', percent: 100, tag: '' }];
  const tags = new Set<string>();
  for (const [index, target] of targets.entries()) {
    const at = `${field}[${index}]`;
    checkTarget(at, target);
    if (!target.tag) continue;
    checkTag(`${at}.tag`, service, target.tag);
    if (tags.has(target.tag)) throw violation(`${at}.tag`, `the tag "${target.tag}" is used by more than one target`);
    tags.add(target.tag);
  }
  const sum = targets.reduce((percents, { percent }) => percents + (percent ?? 0), 0);
  if (sum !== 100) throw violation(field, `the percents of all targets have to sum to 100, and sum to ${sum}`);
  return [...targets];
}

function checkTarget(at: string, { type, revision, percent }: TrafficTarget): void {
  if (type === 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST') {
    if (revision) throw violation(`${at}.revision`, 'a target of the latest revision cannot name one');
  } else if (type === 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION') {
    if (!revision) throw violation(`${at}.revision`, 'required field not present');
  } else {
    throw violation(`${at}.type`, 'required field not present');
  }
  if ((percent ?? 0) < 0 || (percent ?? 0) > 100) throw violation(`${at}.percent`, `${percent} is not from 0 to 100`);
}

function checkTag(at: string, service: string, tag: string): void {
  if (!/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(tag)) {
    throw violation(at, `"${tag}" has to be of lower-case letters, digits and hyphens, begin with a letter and not end with a hyphen`);
  }
  const { length } = `${tag}---${service}`;
  if (length > maxLabel) throw violation(at, `"${tag}---${service}" has ${length} characters, at most ${maxLabel} are allowed`);
}
