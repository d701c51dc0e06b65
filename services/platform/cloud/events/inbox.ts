import type { Statement, Value } from '../spanner/database.ts';

/**
 * The statement that marks an event as handled, for the transaction of its effect. Count 0 means that it was handled before.
 *
 * Table, in each consumer's schema: `inbox (event_id text PRIMARY KEY, create_time timestamptz NOT NULL)`.
 *
 * @example
 *   const [fresh] = await tx.batch([inboxInsert('customer', event.id, now)]);
 *   if (fresh === 0) return;
 */
export function inboxInsert(schema: string, eventId: string, now: Date): readonly [Statement, readonly Value[]] {
  const text = `INSERT INTO ${schema}.inbox (event_id, create_time) VALUES ($1, $2) ON CONFLICT (event_id) DO NOTHING`;
  return [{ name: `${schema}.inboxInsert`, text }, [eventId, now]];
}
