-- When the sweep takes over a capture, void or refund that its task has not brought to an end.
ALTER TABLE customer.orders ADD COLUMN IF NOT EXISTS settle_due_time timestamptz;

CREATE INDEX IF NOT EXISTS orders_by_settle_due_time ON customer.orders (settle_due_time) WHERE settle_due_time IS NOT NULL;
