import type { v2 } from '@google-cloud/run';
import { status } from '@grpc/grpc-js';
import { changeService } from '../cloud-run/change-service.ts';

/** A tag of a service, and the revision that it leads to. */
export interface PreviewTag {
  readonly service: string;
  /** Such as "pr-123". */
  readonly tag: string;
  readonly revision: string;
  readonly url: string;
}

/** Where services run, and Google's client for them. */
export interface TagOptions {
  readonly client: Pick<v2.ServicesClient, 'getService' | 'updateService'>;
  /** Such as "projects/my-project/locations/asia-northeast1". */
  readonly parent: string;
  readonly services: readonly string[];
}

/** Every tag of the services, in their order. A service that is not there yet has none. */
export async function listTags({ client, parent, services }: TagOptions): Promise<PreviewTag[]> {
  const found = await Promise.all(
    services.map(async (service) => {
      const message = await read(client, `${parent}/services/${service}`);
      return (message?.trafficStatuses ?? []).flatMap(({ tag, uri, revision }) =>
        tag ? [{ service, tag, revision: revision ?? '', url: uri ?? '' }] : [],
      );
    }),
  );
  return found.flat();
}

/**
 * Takes a tag off a service, and waits until its traffic has moved. Its revision stays, and has no address any more. Returns whether it had the tag.
 *
 * @throws what the client throws.
 */
export async function removeTag({ client, parent }: TagOptions, service: string, tag: string): Promise<boolean> {
  try {
    return await changeService(client, `${parent}/services/${service}`, ({ traffic }) => {
      if (traffic?.some((target) => target.tag === tag) !== true) return undefined;
      // A revision that has a share keeps it.
      return { traffic: traffic.flatMap((target) => (target.tag !== tag ? [target] : target.percent ? [{ ...target, tag: '' }] : [])) };
    });
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function read(client: TagOptions['client'], name: string) {
  try {
    const [message] = await client.getService({ name });
    return message;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === status.NOT_FOUND;
}
