import type { Binding } from '../../chassis/server/bind.ts';
import { services } from '../../contracts/services.ts';
import { createEventPublisher } from '../events/event-publisher.ts';
import { createOutbox, type Outbox } from '../events/outbox.ts';
import { maintenance } from '../maintenance.ts';
import type { Database } from './database.ts';
import { createHistory, type KeptTable } from './history.ts';
import { openDatabase } from './spanner-database.ts';

/** What a service that owns a schema works with. */
export interface OpenSchema {
  readonly database: Database;
  /** For a service that publishes: see (kumiko.platform.v1.publishes). */
  readonly outbox: Outbox;
  /** The platform's upkeep of the schema, to be bound beside the service's own. */
  readonly maintenance: Binding;
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

/** How a schema is opened. */
export interface SchemaOptions {
  /** The service's name, which is its schema's. */
  readonly schema: string;
  readonly config: SchemaConfig;
  readonly now: () => Date;
  /** The tables whose rows are kept for a time only. */
  readonly keptTables: readonly KeptTable[];
}

/** Opens the database for the service that owns `schema`. */
export function openSchema({ schema, config, now, keptTables }: SchemaOptions): OpenSchema {
  const project = config.GOOGLE_CLOUD_PROJECT;
  const database = openDatabase({
    project,
    instance: config.SPANNER_INSTANCE,
    database: config.SPANNER_DATABASE,
    role: config.SPANNER_DATABASE_ROLE,
  });
  const publisher = createEventPublisher({ project });
  const outbox = createOutbox({ schema, database, publisher, now });
  const publishes = services.some(({ name, publishes }) => name === schema && publishes.length > 0);
  const history = createHistory({ schema, tables: keptTables, database, now });
  return {
    database,
    outbox,
    maintenance: maintenance({ outbox: publishes ? outbox : undefined, history }),
    async close() {
      await publisher.close();
      await database.close();
    },
  };
}
