import type { protos, v2 } from '@google-cloud/run';
import { status } from '@grpc/grpc-js';

type Service = protos.google.cloud.run.v2.IService;

/** So often a service is read anew that somebody else has changed meanwhile. */
const attempts = 10;

/**
 * Changes fields of a Cloud Run service, and waits until it has followed. Where others changed it meanwhile (its etag is another one), from what they made of it.
 *
 * @param change the fields to be set; undefined: nothing is to be done.
 * @returns whether something was changed.
 * @throws what the client throws, and what `change` throws; ABORTED where others change it again and again.
 */
export async function changeService(
  client: Pick<v2.ServicesClient, 'getService' | 'updateService'>,
  name: string,
  change: (service: Service) => Service | undefined,
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const [current] = await client.getService({ name });
    const fields = change(current);
    if (fields === undefined) return false;
    try {
      const [operation] = await client.updateService({
        service: { ...fields, name, etag: current.etag ?? '' },
        updateMask: { paths: Object.keys(fields) },
      });
      await operation.promise();
      return true;
    } catch (error) {
      const conflict = error instanceof Error && 'code' in error && error.code === status.ABORTED;
      if (!conflict || attempt === attempts) throw error;
    }
  }
}
