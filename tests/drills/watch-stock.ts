import { setTimeout as delay } from 'node:timers/promises';
import type { Journal } from './journal.ts';
import type { Stage } from './stage.ts';

const lookEveryMs = 300;

// One statement is one snapshot, so that it may look while others write.
const bookings = {
  name: 'drill.bookings',
  text: `SELECT d.id AS id, d.stock AS stock, d.reserved AS reserved,
    (SELECT COALESCE(SUM(o.quantity), 0) FROM customer.orders o WHERE o.deal = d.id AND o.state <> 'CANCELLED') AS active
    FROM customer.deal_allocations d`,
};

/** Looks at the stock again and again while the load runs: it has to be right at every moment, not only at the end. */
export async function watchStock(stage: Stage, journal: Journal, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await delay(lookEveryMs);
    // The database is out of reach at times.
    const rows = await stage.database.query(bookings).catch(() => []);
    for (const { id, stock, reserved, active } of rows) {
      if (Number(reserved) !== Number(active) || Number(reserved) > Number(stock)) {
        journal.incidents.push(`of ${stock} units of deals/${id} ${reserved} were reserved while active orders took ${active}`);
      }
    }
  }
}
