import { type DescMessage, toBinary } from '@bufbuild/protobuf';
import * as z from 'zod';
import { activePreview, previewAttribute } from '../../contracts/preview.ts';
import { activeTraceparent } from '../../contracts/traceparent.ts';
import { defineStatements } from '../spanner/database.ts';
import { bigint, bytes, json, text, timestamp } from '../spanner/tables/columns.ts';
import { depth } from '../spanner/tables/depth.ts';
import { perSchema } from '../spanner/tables/per-schema.ts';
import { dml, insert, select } from '../spanner/tables/statements.ts';
import { table } from '../spanner/tables/table.ts';
import { type DomainEvent, readEvent, topicOf } from './domain-event.ts';
import type { EventMessage } from './event-message.ts';

/** Where the events of a schema wait for their publication. */
export const outboxOf = perSchema((schema) =>
  table(schema, 'outbox', {
    key: ['id'],
    columns: {
      id: text('id'),
      aggregate: text('aggregate'),
      version: bigint('version'),
      event: bytes('event'),
      attributes: json('attributes', z.record(z.string(), z.string())),
      createTime: timestamp('create_time'),
    },
  }),
);

/** A row of an outbox, but for the time by which rows are read in their order. */
export interface OutboxRow {
  readonly id: string;
  readonly aggregate: string;
  readonly version: bigint;
  readonly event: Uint8Array;
  readonly attributes: Readonly<Record<string, string>>;
}

/** The SQL of an outbox in this schema. */
export const outboxStatements = perSchema((schema) => {
  const outbox = outboxOf(schema);
  const row = outbox.without('createTime');
  return defineStatements(schema, {
    insertOutbox: insert(outbox),
    pending: select(row, 'ORDER BY create_time, version LIMIT $limit'),
    pendingOfAggregates: select(row, 'WHERE aggregate = ANY($aggregates) ORDER BY version'),
    backlog: depth(schema, 'outbox', 'create_time'),
    deleteOutbox: dml(`DELETE FROM ${schema}.outbox WHERE id = ANY($ids)`),
  });
});

/** An event of the product's message `type` as a row, with the trace and the previews that it was made in. */
export function rowOf(type: DescMessage, event: DomainEvent, attributes: Readonly<Record<string, string>>): OutboxRow {
  const traceparent = activeTraceparent();
  const preview = activePreview();
  return {
    id: event.id,
    aggregate: event.aggregate,
    version: event.version,
    event: toBinary(type, event),
    attributes: {
      ...attributes,
      ...(preview !== undefined && { [previewAttribute]: preview }),
      ...(traceparent !== undefined && { traceparent }),
      event_id: event.id,
      event_type: event.payload.case ?? '',
    },
  };
}

/** A row as it travels. */
export function messageOf(type: DescMessage, row: OutboxRow): { readonly topic: string; readonly message: EventMessage } {
  return {
    topic: topicOf(type, readEvent(type, row.event)),
    message: { data: row.event, attributes: row.attributes, orderingKey: row.aggregate },
  };
}
