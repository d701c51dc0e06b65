import type { DescService } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import { unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { Call } from '../platform/chassis/server/call.ts';
import type { IdTokens } from '../platform/cloud/identity/identity.ts';
import { type Client, createClient } from '../platform/contracts/client.ts';
import { ClientError } from '../platform/contracts/client-error.ts';
import { CustomerInternalService } from '../platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import { PartnerInternalService } from '../platform/contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { WebhookInternalService } from '../platform/contracts/gen/types/kumiko/webhook/v1/internal_pb.js';
import { audienceOf } from '../platform/contracts/identities.ts';
import type { Preview } from './config.ts';
import { followPreview } from './follow-preview.ts';

/** The services that own what jobs work on. */
export interface Owners {
  readonly customer: Client<typeof CustomerInternalService>;
  readonly partner: Client<typeof PartnerInternalService>;
  readonly webhook: Client<typeof WebhookInternalService>;
}

/** Where they are. */
export interface OwnersConfig {
  readonly GOOGLE_CLOUD_PROJECT: string;
  readonly CUSTOMER_URL: string;
  readonly PARTNER_URL: string;
  readonly WEBHOOK_URL: string;
  readonly PREVIEWS: readonly Preview[];
}

/** Clients that present this service's own ID token, in the header that Cloud Run's check looks at first, and call the preview that the work belongs to. */
export function connectOwners(config: OwnersConfig, idTokens: IdTokens): Owners {
  function connect<S extends DescService>(service: S, name: keyof Owners, defaultUrl: string): Client<S> {
    // All revisions of a service share its audience.
    const audience = audienceOf(name, config.GOOGLE_CLOUD_PROJECT);
    const headers = async () => ({ 'x-serverless-authorization': await idTokens.header(audience) });
    const ofService = config.PREVIEWS.filter((preview) => preview.service === name);
    const previews = new Map(ofService.map(({ tag, url }) => [tag, createClient(service, { url, headers })]));
    return followPreview(service, name, createClient(service, { url: defaultUrl, headers }), previews);
  }
  return {
    customer: connect(CustomerInternalService, 'customer', config.CUSTOMER_URL),
    partner: connect(PartnerInternalService, 'partner', config.PARTNER_URL),
    webhook: connect(WebhookInternalService, 'webhook', config.WEBHOOK_URL),
  };
}

/**
 * Runs a call of an owner for a trigger. What the owner does not know is done with, for no repetition finds it; all else is to be repeated.
 *
 * @returns undefined where the owner does not know the resource.
 * @throws {RpcError} UNAVAILABLE
 */
export async function callOwner<T>(call: Call, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (error.code === status.NOT_FOUND) {
      call.logger.warn({ err: error }, 'the owner does not know the resource: given up');
      return undefined;
    }
    throw unavailable(`the owning service answered ${status[error.code]}`, error);
  }
}
