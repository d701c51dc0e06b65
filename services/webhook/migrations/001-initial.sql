CREATE SCHEMA IF NOT EXISTS webhook;

-- What outside systems sent, as they sent it: also what we do not know, so that nothing acknowledged is lost.
CREATE TABLE IF NOT EXISTS webhook.provider_events (
  provider text NOT NULL,
  event_id text NOT NULL,
  kind text NOT NULL,
  type text NOT NULL,
  body bytea NOT NULL,
  receive_time timestamptz NOT NULL,
  PRIMARY KEY (provider, event_id)
);

CREATE TABLE IF NOT EXISTS webhook.outbox (
  id text PRIMARY KEY,
  aggregate text NOT NULL,
  version bigint NOT NULL,
  event bytea NOT NULL,
  attributes jsonb NOT NULL,
  create_time timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS outbox_by_time ON webhook.outbox (create_time, id);
