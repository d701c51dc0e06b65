CREATE SCHEMA IF NOT EXISTS notes;

CREATE TABLE IF NOT EXISTS notes.notes (
  id text PRIMARY KEY,
  author text NOT NULL,
  body text NOT NULL,
  create_time timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS notes_by_time ON notes.notes (create_time DESC, id DESC);

CREATE TABLE IF NOT EXISTS notes.outbox (
  id text PRIMARY KEY,
  aggregate text NOT NULL,
  version bigint NOT NULL,
  event bytea NOT NULL,
  attributes jsonb NOT NULL,
  create_time timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS outbox_by_time ON notes.outbox (create_time, id);
