-- Retention reads the oldest rows.
CREATE INDEX IF NOT EXISTS provider_events_by_time ON webhook.provider_events (receive_time);
