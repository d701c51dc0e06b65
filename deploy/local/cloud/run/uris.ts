import { createHash } from 'node:crypto';
import { parseServiceName, type Revision, type Service } from './resources.ts';

/**
 * Where a revision is served here: an annotation of its template, and for the default URI of the service's. Cloud Run makes the URIs of tags and knows what runs
 * behind them; this server runs nothing, so whoever runs it says where. Without the annotation a URI looks like Cloud Run's and leads nowhere.
 */
export const uriAnnotation = 'kumiko.local/uri';

/** The default URI of a service. */
export function serviceUri({ name, annotations }: Service): string {
  return annotations?.[uriAnnotation] ?? `https://${hostOf(name ?? '')}`;
}

/** The URI of a tag. */
export function tagUri(service: Service, tag: string, revision: Revision): string {
  return revision.annotations?.[uriAnnotation] ?? `https://${tag}---${hostOf(service.name ?? '')}`;
}

/** Such as "partner-4dygkuzo2a-an.a.run.app": the service, what stands for service and project, and the region's letters. */
function hostOf(name: string): string {
  const { project, location, service } = parseServiceName('name', name);
  const hash = BigInt(`0x${createHash('sha256').update(`${project}/${service}`).digest('hex')}`)
    .toString(36)
    .slice(0, 10);
  const region = location.split('-').map(([letter]) => letter);
  return `${service}-${hash}-${region.join('')}.a.run.app`;
}
