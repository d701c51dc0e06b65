import type { DescService } from '@bufbuild/protobuf';
import type { Logger } from 'pino';
import { type Client, createClient } from '../contracts/client.ts';
import { PreviewService } from '../contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import { audienceOf, controlPlane } from '../contracts/identities.ts';
import { workloadOf } from '../contracts/methods.ts';
import { serviceNames } from '../contracts/services.ts';
import { createIdTokens, type IdTokens } from './identity/identity.ts';
import { followPreview } from './previews/follow-preview.ts';
import { PreviewDirectory } from './previews/preview-directory.ts';

/** Where services are. */
export interface ServiceAddresses {
  /** URLs by name. */
  readonly SERVICE_URLS: Readonly<Record<string, string>>;
  /** Where previews are told; undefined: there are none. */
  readonly CONTROL_PLANE_URL: string | undefined;
  readonly GOOGLE_CLOUD_PROJECT: string;
}

/** The other services that a service calls. */
interface OtherServices {
  /**
   * A client that presents this service's own ID token, in the header that Cloud Run's check looks at first, and calls the preview that the work belongs to.
   *
   * @param name of the service, where its gRPC service does not say: the platform's own are served by each.
   */
  client<S extends DescService>(service: S, name?: string): Client<S>;
  /** Ends all connections; calls that are open fail. */
  close(): void;
}

/** Connects at the first call of each. */
export function connectServices(config: ServiceAddresses, logger: Logger, idTokens: IdTokens = createIdTokens()): OtherServices {
  const { SERVICE_URLS: urls, CONTROL_PLANE_URL: controlPlaneUrl, GOOGLE_CLOUD_PROJECT: project } = config;
  const closing: { close(): void }[] = [];
  const connect = <S extends DescService>(service: S, name: string, url: string): Client<S> => {
    // All revisions of a service share its audience.
    const audience = audienceOf(name, project);
    return createClient(service, { url, headers: async () => ({ 'x-serverless-authorization': await idTokens.header(audience) }) });
  };
  const kept = <T extends { close(): void }>(one: T): T => {
    closing.push(one);
    return one;
  };
  const previews =
    controlPlaneUrl === undefined
      ? undefined
      : kept(new PreviewDirectory({ client: connect(PreviewService, controlPlane, controlPlaneUrl), services: serviceNames, logger }));
  return {
    client(service, name = workloadOf(service)) {
      const url = urls[name];
      if (url === undefined) throw new Error(`SERVICE_URLS has no "${name}"`);
      const standard = connect(service, name, url);
      if (previews === undefined) return kept(standard);
      const urlOf = (tag: string) => previews.urlOf(name, tag);
      return kept(followPreview(service, name, standard, { urlOf, connect: (preview) => connect(service, name, preview) }));
    },
    close() {
      for (const one of closing) one.close();
    },
  };
}
