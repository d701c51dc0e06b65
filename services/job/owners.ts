import type { DescService } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { Call } from '../chassis/call.ts';
import { eventRefused, unavailable } from '../chassis/rpc-error.ts';
import type { IdTokens } from '../cloud/identity.ts';
import { type Client, createClient } from '../contracts/client.ts';
import { ClientError } from '../contracts/client-error.ts';
import { CustomerInternalService } from '../contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import type { Event } from '../contracts/gen/types/kumiko/event/v1/event_pb.js';
import { PartnerInternalService } from '../contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { WebhookInternalService } from '../contracts/gen/types/kumiko/webhook/v1/internal_pb.js';
import { audienceOf } from '../contracts/identities.ts';
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

/**
 * Has an owner take in an event. Whatever it answers but OK, the event is delivered again, and is not lost: not even where the owner does not know what it
 * tells of.
 *
 * @throws {RpcError} EVENT_REFUSED where the owner refuses it, with a line for the operator; UNAVAILABLE otherwise.
 */
export async function tellOwner(call: Call, { id, aggregate, payload }: Event, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (error.reason !== 'EVENT_REFUSED') throw unavailable(`the owning service answered ${status[error.code]}`, error);
    call.logger.error({ event: id, type: payload.case, aggregate, refusal: error.message }, 'event refused by its owner');
    throw eventRefused(id, 'its owner does not know what it tells of');
  }
}
