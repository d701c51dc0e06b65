import { status } from '@grpc/grpc-js';
import { unavailable } from '../platform/chassis/errors/rpc-error.ts';
import type { Client } from '../platform/contracts/client.ts';
import { ClientError } from '../platform/contracts/client-error.ts';
import type { CustomerInternalService } from '../platform/contracts/gen/types/kumiko/customer/v1/internal_pb.js';
import type { Orders } from './domain/orders.ts';

/** Orders at their owner, the customer service. */
export function customerOrders(customer: Pick<Client<typeof CustomerInternalService>, 'shipOrder'>): Orders {
  return {
    async ship({ id, partner }, parcel, signal) {
      try {
        await customer.shipOrder({ order: `orders/${id}`, partner: `partners/${partner}`, ...parcel }, { signal });
        return 'shipped';
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        if (error.reason === 'ORDER_CANCELLED') return 'cancelled';
        if (error.code === status.NOT_FOUND) return 'unknown';
        throw unavailable('it cannot be asked now whether the order was cancelled', error);
      }
    },
  };
}
