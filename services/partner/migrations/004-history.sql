-- Retention reads the oldest rows.
CREATE INDEX IF NOT EXISTS inbox_by_time ON partner.inbox (create_time);

CREATE INDEX IF NOT EXISTS requests_by_time ON partner.requests (create_time);
