import { status } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { eventRefused, unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { Call } from '../platform/chassis/server/call.ts';
import { connectServices, type ServiceAddresses } from '../platform/cloud/connect-services.ts';
import type { Client } from '../platform/contracts/client.ts';
import { ClientError } from '../platform/contracts/client-error.ts';
import { CustomerInternalService } from '../platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import type { Event } from '../platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { PartnerInternalService } from '../platform/contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { MaintenanceService } from '../platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { WebhookInternalService } from '../platform/contracts/gen/types/kumiko/webhook/v1/internal_pb.js';
import { serviceNames } from '../platform/contracts/services.ts';

/** The services that own what jobs work on. */
export interface Owners {
  readonly customer: Client<typeof CustomerInternalService>;
  readonly partner: Client<typeof PartnerInternalService>;
  readonly webhook: Client<typeof WebhookInternalService>;
  /** The upkeep of every service by its name, this one included. */
  readonly maintenance: ReadonlyMap<string, Client<typeof MaintenanceService>>;
  close(): void;
}

/** Clients of them, each with this service's own ID token. */
export function connectOwners(config: ServiceAddresses, logger: Logger): Owners {
  const services = connectServices(config, logger);
  return {
    customer: services.client(CustomerInternalService),
    partner: services.client(PartnerInternalService),
    webhook: services.client(WebhookInternalService),
    maintenance: new Map(serviceNames.map((name) => [name, services.client(MaintenanceService, name)])),
    close: services.close,
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
