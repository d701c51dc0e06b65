import { createEventPublisher } from '../events/event-publisher.ts';
import { createOutbox, type Outbox } from '../events/outbox.ts';
import type { Database } from './database.ts';
import { openDatabase } from './spanner-database.ts';

/** What a service that owns a schema works with. */
export interface OpenSchema {
  readonly database: Database;
  readonly outbox: Outbox;
  /** Waits for what is on its way to Pub/Sub, and disconnects. */
  close(): Promise<void>;
}

/** The chassis' variables that say where the database is. */
export interface SchemaConfig {
  readonly GOOGLE_CLOUD_PROJECT: string;
  readonly SPANNER_INSTANCE: string;
  readonly SPANNER_DATABASE: string;
  readonly SPANNER_DATABASE_ROLE?: string | undefined;
}

/** Opens the database that the chassis' variables name. */
export function openConfiguredDatabase(config: SchemaConfig): Database {
  return openDatabase({
    project: config.GOOGLE_CLOUD_PROJECT,
    instance: config.SPANNER_INSTANCE,
    database: config.SPANNER_DATABASE,
    role: config.SPANNER_DATABASE_ROLE,
  });
}

/** Opens the database for the service that owns `schema`, with the schema's outbox. */
export function openSchema(schema: string, config: SchemaConfig, now: () => Date): OpenSchema {
  const database = openConfiguredDatabase(config);
  const publisher = createEventPublisher({ project: config.GOOGLE_CLOUD_PROJECT });
  return {
    database,
    outbox: createOutbox({ schema, database, publisher, now }),
    async close() {
      await publisher.close();
      await database.close();
    },
  };
}
