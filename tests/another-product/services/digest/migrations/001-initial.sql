CREATE SCHEMA IF NOT EXISTS digest;

CREATE TABLE IF NOT EXISTS digest.measured (
  note text PRIMARY KEY,
  letters bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS digest.inbox (
  event_id text PRIMARY KEY,
  create_time timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS inbox_by_time ON digest.inbox (create_time, event_id);
