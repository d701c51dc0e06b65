import { randomInt } from 'node:crypto';
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import * as z from 'zod';
import { HttpProblem } from '../../shared/http/http-problem.ts';

const rowSchema = z.object({
  tracking_number: z.string(),
  reference: z.string(),
  status: z.enum(['booked', 'in_transit', 'delivered']),
  sequence: z.int(),
  address: z.string(),
});

/** Where a parcel is; delivered is final. */
type ShipmentStatus = z.infer<typeof rowSchema>['status'];

/** A parcel as the API shows it. */
interface Shipment {
  readonly tracking_number: string;
  readonly reference: string;
  readonly status: ShipmentStatus;
  /** Grows by one with every step; the webhooks' order. */
  readonly sequence: number;
  /** As it was given. */
  readonly address: Readonly<Record<string, unknown>>;
}

/** Tables of the parcels. */
export const shipmentsSchema = `
  CREATE TABLE IF NOT EXISTS shipments (
    tracking_number TEXT PRIMARY KEY, reference TEXT NOT NULL, status TEXT NOT NULL, sequence INTEGER NOT NULL, address TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS shipments_by_reference ON shipments (reference);
`;

/** The parcels. */
interface Shipments {
  book(request: Pick<Shipment, 'reference' | 'address'>): Shipment;
  /** @throws HttpProblem 404 */
  get(trackingNumber: string): Shipment;
  list(reference: string): Shipment[];
  /** @throws HttpProblem 404, 409 for a parcel that was delivered. */
  advance(trackingNumber: string): Shipment;
}

const next: Readonly<Record<ShipmentStatus, ShipmentStatus | undefined>> = {
  booked: 'in_transit',
  in_transit: 'delivered',
  delivered: undefined,
};

/** @see Shipments */
export function createShipments(database: DatabaseSync): Shipments {
  const columns = 'tracking_number, reference, status, sequence, address';
  const insert = database.prepare(`INSERT INTO shipments (${columns}) VALUES (?, ?, 'booked', 1, ?)`);
  const find = database.prepare(`SELECT ${columns} FROM shipments WHERE tracking_number = ?`);
  const findByReference = database.prepare(`SELECT ${columns} FROM shipments WHERE reference = ? ORDER BY rowid`);
  const update = database.prepare('UPDATE shipments SET status = ?, sequence = sequence + 1 WHERE tracking_number = ?');

  return {
    book({ reference, address }) {
      const trackingNumber = `SW${String(randomInt(10 ** 12)).padStart(12, '0')}`;
      insert.run(trackingNumber, reference, JSON.stringify(address));
      return get(trackingNumber);
    },
    get,
    list: (reference) => findByReference.all(reference).map(shipmentOf),
    advance(trackingNumber) {
      const to = next[get(trackingNumber).status];
      if (to === undefined) throw new HttpProblem(409, 'invalid_state', `${trackingNumber} was delivered already.`);
      update.run(to, trackingNumber);
      return get(trackingNumber);
    },
  };

  function get(trackingNumber: string): Shipment {
    const row = find.get(trackingNumber);
    if (row === undefined) throw new HttpProblem(404, 'not_found', `There is no shipment ${trackingNumber}.`);
    return shipmentOf(row);
  }
}

function shipmentOf(row: Record<string, SQLOutputValue>): Shipment {
  const { address, ...shipment } = rowSchema.parse(row);
  return { ...shipment, address: JSON.parse(address) };
}
