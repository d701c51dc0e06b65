-- Why an event of a type that we know was not understood; null for every other, and once it was replayed.
ALTER TABLE webhook.provider_events ADD COLUMN IF NOT EXISTS refusal text;

CREATE INDEX IF NOT EXISTS provider_events_refused ON webhook.provider_events (receive_time, provider, event_id, refusal) WHERE refusal IS NOT NULL;
