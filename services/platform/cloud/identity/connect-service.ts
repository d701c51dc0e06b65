import type { DescService } from '@bufbuild/protobuf';
import { type Client, createClient } from '../../contracts/client.ts';
import { followPreview } from '../../contracts/follow-preview.ts';
import { audienceOf } from '../../contracts/identities.ts';
import { workloadOf } from '../../contracts/methods.ts';
import type { IdTokens } from './identity.ts';

/** Where services are. */
export interface ServiceAddresses {
  /** URLs by name. */
  readonly SERVICE_URLS: Readonly<Record<string, string>>;
  readonly PREVIEWS: readonly { readonly service: string; readonly tag: string; readonly url: string }[];
  readonly GOOGLE_CLOUD_PROJECT: string;
}

/**
 * A client of another service that presents this service's own ID token, in the header that Cloud Run's check looks at first, and calls the preview that the
 * work belongs to.
 *
 * @param name of the service, where its gRPC service does not say: the platform's own are served by each.
 */
export function connectService<S extends DescService>(
  service: S,
  { SERVICE_URLS, PREVIEWS, GOOGLE_CLOUD_PROJECT }: ServiceAddresses,
  idTokens: IdTokens,
  name: string = workloadOf(service),
): Client<S> {
  const url = SERVICE_URLS[name];
  if (url === undefined) throw new Error(`SERVICE_URLS has no "${name}"`);
  // All revisions of a service share its audience.
  const audience = audienceOf(name, GOOGLE_CLOUD_PROJECT);
  const headers = async () => ({ 'x-serverless-authorization': await idTokens.header(audience) });
  const ofService = PREVIEWS.filter((preview) => preview.service === name);
  const previews = new Map(ofService.map(({ tag, url }) => [tag, createClient(service, { url, headers })]));
  return followPreview(service, name, createClient(service, { url, headers }), previews);
}
