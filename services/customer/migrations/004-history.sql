-- Retention reads the oldest rows.
CREATE INDEX IF NOT EXISTS inbox_by_time ON customer.inbox (create_time);

CREATE INDEX IF NOT EXISTS requests_by_time ON customer.requests (create_time);
