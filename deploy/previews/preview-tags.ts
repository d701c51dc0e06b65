import type { v2 } from '@google-cloud/run';
import { status } from '@grpc/grpc-js';

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

/** So often a service is read anew that somebody else has changed meanwhile. */
const attempts = 5;

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
 * @throws what the client throws; ABORTED where others change the service again and again.
 */
export async function removeTag({ client, parent }: TagOptions, service: string, tag: string): Promise<boolean> {
  const name = `${parent}/services/${service}`;
  for (let attempt = 1; ; attempt++) {
    const message = await read(client, name);
    const traffic = message?.traffic ?? [];
    if (!traffic.some((target) => target.tag === tag)) return false;
    try {
      const without = traffic.flatMap((target) => (target.tag !== tag ? [target] : target.percent ? [{ ...target, tag: '' }] : []));
      const [operation] = await client.updateService({
        service: { name, etag: message!.etag ?? '', template: message!.template ?? null, traffic: without },
        updateMask: { paths: ['traffic'] },
      });
      await operation.promise();
      return true;
    } catch (error) {
      // Its etag was another one.
      if ((error as { readonly code?: number }).code !== status.ABORTED || attempt === attempts) throw error;
    }
  }
}

async function read(client: TagOptions['client'], name: string) {
  try {
    const [message] = await client.getService({ name });
    return message;
  } catch (error) {
    if ((error as { readonly code?: number }).code === status.NOT_FOUND) return undefined;
    throw error;
  }
}
