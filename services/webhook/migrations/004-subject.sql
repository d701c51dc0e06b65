-- What an event is about, such as "orders/3f…" for a payment's; null where it was not understood, and for what came before this migration.
ALTER TABLE webhook.provider_events ADD COLUMN IF NOT EXISTS subject text;

CREATE INDEX IF NOT EXISTS provider_events_by_subject ON webhook.provider_events (subject, receive_time) WHERE subject IS NOT NULL;
