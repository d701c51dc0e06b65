import type { DescService } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { eventRefused, unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { ConfigOf } from '../platform/chassis/process/manifest.ts';
import type { Call } from '../platform/chassis/server/call.ts';
import type { IdTokens } from '../platform/cloud/identity/identity.ts';
import { connectPreviews } from '../platform/cloud/previews/connect-previews.ts';
import { followPreview } from '../platform/cloud/previews/follow-preview.ts';
import { type Client, createClient } from '../platform/contracts/client.ts';
import { ClientError } from '../platform/contracts/client-error.ts';
import { CustomerInternalService } from '../platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import type { Event } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { PartnerInternalService } from '../platform/contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { MaintenanceService } from '../platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { audienceOf } from '../platform/contracts/identities.ts';
import { workloadOf } from '../platform/contracts/methods.ts';
import { serviceNames } from '../platform/contracts/services.ts';
import type { manifest } from './manifest.ts';

/** The services that own what jobs work on. */
export interface Owners {
  readonly customer: Client<typeof CustomerInternalService>;
  readonly partner: Client<typeof PartnerInternalService>;
  /** The upkeep of every service, this one included. */
  readonly maintenance: readonly Client<typeof MaintenanceService>[];
  close(): void;
}

/** Where they are. */
type OwnersConfig = Pick<ConfigOf<typeof manifest>, 'SERVICE_URLS' | 'CONTROL_PLANE_URL'> & { readonly GOOGLE_CLOUD_PROJECT: string };

/** Clients that present this service's own ID token, in the header that Cloud Run's check looks at first, and call the preview that the work belongs to. */
export function connectOwners(config: OwnersConfig, idTokens: IdTokens, logger: Logger): Owners {
  const clients: { close(): void }[] = [];
  const { CONTROL_PLANE_URL: url, GOOGLE_CLOUD_PROJECT: project } = config;
  const previews = url === undefined ? undefined : connectPreviews({ url, project, services: serviceNames, idTokens, logger });
  if (previews !== undefined) clients.push(previews);
  function connect<S extends DescService>(service: S, name: string): Client<S> {
    const url = config.SERVICE_URLS[name];
    if (url === undefined) throw new Error(`SERVICE_URLS has no "${name}"`);
    // All revisions of a service share its audience.
    const audience = audienceOf(name, project);
    const headers = async () => ({ 'x-serverless-authorization': await idTokens.header(audience) });
    const connectTo = (url: string) => createClient(service, { url, headers });
    const standard = connectTo(url);
    const client =
      previews === undefined
        ? standard
        : followPreview(service, name, standard, { urlOf: (tag) => previews.urlOf(name, tag), connect: connectTo });
    clients.push(client);
    return client;
  }
  return {
    customer: connect(CustomerInternalService, workloadOf(CustomerInternalService)),
    partner: connect(PartnerInternalService, workloadOf(PartnerInternalService)),
    maintenance: serviceNames.map((name) => connect(MaintenanceService, name)),
    close() {
      for (const client of clients) client.close();
    },
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
