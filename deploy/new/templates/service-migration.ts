import type { ResourceNames } from './resource-names.ts';

/** A service's first migration: its own table, and those that the platform works with in each schema. */
export function serviceMigration({ service, table }: ResourceNames): string {
  return `CREATE SCHEMA IF NOT EXISTS ${service};

CREATE TABLE IF NOT EXISTS ${service}.${table} (
  id text PRIMARY KEY,
  create_time timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS ${table}_by_time ON ${service}.${table} (create_time DESC, id DESC);

-- The platform's, below: events on their way out, events that came in, and requests that are known when they are repeated.
CREATE TABLE IF NOT EXISTS ${service}.outbox (
  id text PRIMARY KEY,
  aggregate text NOT NULL,
  version bigint NOT NULL,
  event bytea NOT NULL,
  attributes jsonb NOT NULL,
  create_time timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS outbox_by_time ON ${service}.outbox (create_time, id);

CREATE TABLE IF NOT EXISTS ${service}.inbox (
  event_id text PRIMARY KEY,
  create_time timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS ${service}.requests (
  caller text NOT NULL,
  method text NOT NULL,
  request_id text NOT NULL,
  fingerprint text NOT NULL,
  response bytea NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (caller, method, request_id)
);

-- Retention reads the oldest rows.
CREATE INDEX IF NOT EXISTS inbox_by_time ON ${service}.inbox (create_time);

CREATE INDEX IF NOT EXISTS requests_by_time ON ${service}.requests (create_time);
`;
}
