import { defineStatements, type Write } from '../spanner/database.ts';
import { text, timestamp } from '../spanner/tables/columns.ts';
import { perSchema } from '../spanner/tables/per-schema.ts';
import { insert } from '../spanner/tables/statements.ts';
import { table } from '../spanner/tables/table.ts';

/** The events that a consumer has handled, in its schema. */
export const inboxOf = perSchema((schema) =>
  table(schema, 'inbox', { key: ['eventId'], columns: { eventId: text('event_id'), createTime: timestamp('create_time') } }),
);

const statementsOf = perSchema((schema) => defineStatements(schema, { inboxInsert: insert(inboxOf(schema), { unlessThere: true }) }));

/**
 * The statement that marks an event as handled, for the transaction of its effect. Count 0 means that it was handled before.
 *
 * @example
 *   const [fresh] = await tx.batch([inboxInsert('customer', event.id, now)]);
 *   if (fresh === 0) return;
 */
export function inboxInsert(schema: string, eventId: string, now: Date): Write {
  return statementsOf(schema).inboxInsert.with({ eventId, createTime: now });
}
