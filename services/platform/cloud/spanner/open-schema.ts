import type { DescMessage } from '@bufbuild/protobuf';
import type { Binding } from '../../chassis/server/bind.ts';
import { createEventPublisher } from '../events/event-publisher.ts';
import { createOutbox, type Outbox } from '../events/outbox.ts';
import { maintenance } from '../maintenance.ts';
import type { Database } from './database.ts';
import { createHistory, type KeptTable } from './history.ts';
import { openDatabase } from './spanner-database.ts';

/** What a service that owns a schema works with. */
interface OpenSchema {
  readonly database: Database;
  /** The platform's upkeep of the schema, to be bound beside the service's own. */
  readonly maintenance: Binding;
  /** Disconnects. */
  close(): Promise<void>;
}

/** What a service that owns a schema and publishes events works with. */
interface PublishingSchema extends OpenSchema {
  readonly outbox: Outbox;
  /** Waits for what is on its way to Pub/Sub, and disconnects. */
  close(): Promise<void>;
}

/** The chassis' variables that say where the database is. */
interface SchemaConfig {
  readonly GOOGLE_CLOUD_PROJECT: string;
  readonly SPANNER_INSTANCE: string;
  readonly SPANNER_DATABASE: string;
  readonly SPANNER_DATABASE_ROLE?: string | undefined;
}

/** How a schema is opened. */
interface SchemaOptions {
  /** The service's name, which is its schema's. */
  readonly schema: string;
  readonly config: SchemaConfig;
  readonly now: () => Date;
  /** The tables whose rows are kept for a time only. */
  readonly keptTables: readonly KeptTable[];
}

/** Opens the database for the service that owns `schema`. */
export function openSchema(options: SchemaOptions): OpenSchema {
  const database = databaseOf(options.config);
  return { database, maintenance: upkeep(options, database, undefined), close: () => database.close() };
}

/**
 * Opens the database for the service that owns `schema` and publishes: see (kumiko.platform.v1.publishes).
 *
 * @param options.eventType the product's message of events.
 */
export function openPublishingSchema(options: SchemaOptions & { readonly eventType: DescMessage }): PublishingSchema {
  const { schema, config, now, eventType } = options;
  const database = databaseOf(config);
  const publisher = createEventPublisher({ project: config.GOOGLE_CLOUD_PROJECT });
  const outbox = createOutbox({ schema, eventType, database, publisher, now });
  return {
    database,
    outbox,
    maintenance: upkeep(options, database, outbox),
    async close() {
      await publisher.close();
      await database.close();
    },
  };
}

function databaseOf(config: SchemaConfig): Database {
  return openDatabase({
    project: config.GOOGLE_CLOUD_PROJECT,
    instance: config.SPANNER_INSTANCE,
    database: config.SPANNER_DATABASE,
    role: config.SPANNER_DATABASE_ROLE,
  });
}

function upkeep({ schema, now, keptTables }: SchemaOptions, database: Database, outbox: Outbox | undefined): Binding {
  return maintenance({ outbox, history: createHistory({ schema, tables: keptTables, database, now }) });
}
