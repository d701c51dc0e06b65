import type { Logger } from 'pino';
import { createClient } from '../../contracts/client.ts';
import { PreviewService } from '../../contracts/gen/types/kumiko/platform/controlplane/v1/previews_pb.js';
import { audienceOf, controlPlane } from '../../contracts/identities.ts';
import type { IdTokens } from '../identity/identity.ts';
import { PreviewDirectory } from './preview-directory.ts';

interface PreviewsOptions {
  /** The control plane's. */
  readonly url: string;
  readonly project: string;
  /** Whose previews. */
  readonly services: readonly string[];
  readonly idTokens: IdTokens;
  readonly logger: Logger;
}

/** The previews that the control plane tells, asked with this service's own ID token. */
export function connectPreviews({ url, project, services, idTokens, logger }: PreviewsOptions): PreviewDirectory {
  const audience = audienceOf(controlPlane, project);
  const headers = async () => ({ 'x-serverless-authorization': await idTokens.header(audience) });
  const client = createClient(PreviewService, { url, headers });
  const directory = new PreviewDirectory({ client, services, logger });
  return directory;
}
