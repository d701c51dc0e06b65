import { audienceOf } from '../../../services/platform/contracts/identities.ts';
import type { RunServer } from '../cloud/run/start-run.ts';
import { uriAnnotation } from '../cloud/run/uris.ts';

/** Which services Cloud Run has, and where they are served. */
interface RunTopologyOptions {
  readonly run: RunServer;
  readonly project: string;
  readonly location: string;
  /** The URLs of the fronts, by the names of their services. */
  readonly serviceUrls: Readonly<Record<string, string>>;
}

/**
 * Creates each service in Cloud Run's Admin API, or brings it back to what runs when the platform starts: its default revision with all traffic, and no tag.
 * Services that are no more are deleted.
 */
export function ensureRunServices({ run, project, location, serviceUrls }: RunTopologyOptions): void {
  const parent = `projects/${project}/locations/${location}`;
  for (const { message } of run.services.services(parent)) {
    if (!Object.keys(serviceUrls).some((id) => message.name === `${parent}/services/${id}`)) run.services.delete(message.name, '');
  }
  for (const [id, url] of Object.entries(serviceUrls)) {
    const annotations = { [uriAnnotation]: url };
    const service = {
      name: `${parent}/services/${id}`,
      annotations,
      customAudiences: [audienceOf(id, project)],
      template: { annotations, containers: [{ image: `${project}/${id}` }] },
    };
    run.services.update(service, { allowMissing: true });
  }
}
