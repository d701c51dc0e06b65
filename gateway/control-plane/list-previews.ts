import type { v2 } from '@google-cloud/run';
import { lastSegment } from '../../services/platform/contracts/last-segment.ts';
import type { FoundPreview } from './preview-resource.ts';

/** What there is on Cloud Run. */
export interface Listing {
  /** How many of our services were found: none is no answer, for they are always there. */
  readonly services: number;
  readonly previews: readonly FoundPreview[];
}

/** What is listed, and where. */
interface ListOptions {
  readonly client: Pick<v2.ServicesClient, 'listServicesAsync'>;
  /** Such as "projects/my-project/locations/asia-northeast1"; of a service in several, the first that has a tag counts. */
  readonly parents: readonly string[];
  /** Our services' names. */
  readonly services: readonly string[];
}

/**
 * Lists every tagged revision of our services (https://docs.cloud.google.com/run/docs/reference/rpc/google.cloud.run.v2). A tag without traffic is one that
 * `traffic_statuses` names; what Cloud Run makes of it has a URI by then.
 *
 * @throws what the client throws, for one location is enough: half a listing would be taken for the whole.
 */
export async function listPreviews({ client, parents, services }: ListOptions): Promise<Listing> {
  const previews = new Map<string, FoundPreview>();
  let found = 0;
  for (const parent of parents) {
    for await (const { name, trafficStatuses } of client.listServicesAsync({ parent, pageSize }, { autoPaginate: false })) {
      const service = lastSegment(name ?? '');
      if (!services.includes(service)) continue;
      found += 1;
      for (const { tag, uri, revision } of trafficStatuses ?? []) {
        const key = `${service}@${tag}`;
        if (tag && uri && !previews.has(key)) previews.set(key, { service, tag, url: uri, revision: revision ?? '' });
      }
    }
  }
  return { services: found, previews: [...previews.values()] };
}

/** The most that the API gives at once. */
const pageSize = 100;
