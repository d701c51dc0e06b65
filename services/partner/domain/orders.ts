import type { Fulfilment } from './fulfilment.ts';

/** A carrier's parcel. */
export interface Parcel {
  readonly carrier: string;
  readonly trackingNumber: string;
}

/** Whoever owns orders, and lets either their customer's cancellation or their partner's shipment win. */
export interface Orders {
  /**
   * Says that an order is handed to a carrier: from now on its customer cannot cancel it. May be repeated.
   *
   * @returns 'cancelled' where the customer was faster, 'unknown' where there is no such order of this partner's to ship.
   * @throws {RpcError} UNAVAILABLE where the owner cannot be asked.
   */
  ship(order: Pick<Fulfilment, 'id' | 'partner'>, parcel: Parcel, signal: AbortSignal): Promise<'shipped' | 'cancelled' | 'unknown'>;
}
