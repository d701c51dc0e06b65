import type { StoredService } from './resources.ts';

/** Tags of a project and region, beyond which the oldest without traffic are deleted. https://cloud.google.com/run/quotas */
const maxTags = 2_000;

/** A tag of a service, by its full name. */
interface TagOfService {
  readonly service: string;
  readonly tag: string;
}

/** The tags that have to go, the oldest first. @param services all of a project and region. */
export function oldestTags(services: readonly StoredService[]): TagOfService[] {
  const count = services.reduce((sum, { taggedMs }) => sum + Object.keys(taggedMs).length, 0);
  if (count <= maxTags) return [];
  const idle = services.flatMap(({ message, taggedMs }) =>
    (message.traffic ?? []).flatMap(({ tag, percent }) => (tag && !percent ? { service: message.name, tag, ms: taggedMs[tag] ?? 0 } : [])),
  );
  return idle.toSorted((a, b) => a.ms - b.ms).slice(0, count - maxTags);
}

/** The service without one of its tags. */
export function withoutTag({ message, taggedMs, ...rest }: StoredService, tag: string): StoredService {
  const { [tag]: _, ...others } = taggedMs;
  const traffic = message.traffic?.filter((target) => target.tag !== tag) ?? null;
  const trafficStatuses = message.trafficStatuses?.filter((target) => target.tag !== tag) ?? null;
  return { ...rest, taggedMs: others, message: { ...message, traffic, trafficStatuses } };
}
