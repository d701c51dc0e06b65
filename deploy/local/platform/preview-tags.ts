import { randomBytes } from 'node:crypto';
import type { protos, ServicesClient } from '@google-cloud/run';
import { credentials } from '@grpc/grpc-js';
import { lastSegment } from '../../../services/platform/contracts/last-segment.ts';
import { changeService } from '../../cloud-run/change-service.ts';
import { uriAnnotation } from '../cloud/run/uris.ts';
import { location, project } from './place.ts';
import { PreviewError } from './preview-error.ts';
import type { PreviewTarget, PreviewTraffic } from './previews.ts';

type Service = protos.google.cloud.run.v2.IService;
type TrafficTarget = protos.google.cloud.run.v2.ITrafficTarget;

/** Of a revision's name. */
const maxNameLength = 63;

/** The previews as Cloud Run knows them: tagged revisions without traffic. */
export class PreviewTags {
  readonly #port: number;
  #client: Promise<ServicesClient> | undefined;

  /** @param port of the local Cloud Run Admin API. */
  constructor(port: number) {
    this.#port = port;
  }

  /** Deploys a revision with a tag and without traffic, as `gcloud run deploy --no-traffic --tag` does. @throws {PreviewError} where the tag is taken. */
  async add({ service, tag }: PreviewTarget, url: string): Promise<void> {
    await this.#change(service, ({ traffic, latestReadyRevision }) => {
      if (traffic?.some((target) => target.tag === tag)) {
        throw new PreviewError(
          `${service} has a tag "${tag}" in Cloud Run already, which is none of this platform's previews: remove it, or use another tag`,
        );
      }
      const revision = `${`${service}-${tag}`.slice(0, maxNameLength - 7)}-${randomBytes(3).toString('hex')}`;
      const standard = lastSegment(latestReadyRevision ?? '');
      return {
        template: { revision, annotations: { [uriAnnotation]: url }, containers: [{ image: `${project}/${service}:${tag}` }] },
        traffic: [...(traffic ?? []).map((target) => pinned(target, standard)), { type: toRevision, revision, tag }],
      };
    });
  }

  /** Takes the tag away; the default revision gets what traffic it had. Nothing happens where it is gone. */
  async remove({ service, tag }: PreviewTarget): Promise<void> {
    await this.#change(service, ({ traffic }) => ({ traffic: balanced((traffic ?? []).filter((target) => target.tag !== tag)) }));
  }

  /**
   * Gives a preview so many percent of its service's requests, as `gcloud run services update-traffic --to-tags` does; the default revision gets the rest.
   *
   * @throws {PreviewError} where others have too many for that.
   */
  async give({ service, tag, percent }: PreviewTraffic): Promise<void> {
    await this.#change(service, ({ traffic }) => {
      const given = balanced((traffic ?? []).map((target) => (target.tag === tag ? { ...target, percent } : target)));
      const standard = given.find((target) => !target.tag)?.percent ?? 0;
      if (standard < 0)
        throw new PreviewError(`previews of ${service} would have ${100 - standard} percent of its requests, and there are 100`);
      return { traffic: given };
    });
  }

  async close(): Promise<void> {
    await (await this.#client)?.close();
  }

  async #change(service: string, change: (service: Service) => Service): Promise<void> {
    const name = `projects/${project}/locations/${location}/services/${service}`;
    this.#client ??= openClient(this.#port);
    await changeService(await this.#client, name, change);
  }
}

const toRevision = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION';

/** What tags do not have is the default revision's. */
function balanced(traffic: readonly TrafficTarget[]): TrafficTarget[] {
  const tagged = traffic.reduce((sum, { tag, percent }) => sum + (tag ? (percent ?? 0) : 0), 0);
  return traffic.map((target) => (target.tag ? target : { ...target, percent: 100 - tagged }));
}

/** What follows the latest revision stays with the one that serves. */
function pinned(target: TrafficTarget, standard: string): TrafficTarget {
  return target.type === 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' ? { ...target, type: toRevision, revision: standard } : target;
}

/** Loaded only where there are previews, since the client takes time to load. */
async function openClient(port: number): Promise<ServicesClient> {
  const [{ ServicesClient }, { PassThroughClient }] = await Promise.all([import('@google-cloud/run'), import('google-auth-library')]);
  return new ServicesClient({
    projectId: project,
    apiEndpoint: '127.0.0.1',
    port,
    sslCreds: credentials.createInsecure(),
    // Otherwise google-auth-library looks for Google's metadata server.
    authClient: new PassThroughClient(),
  });
}
