-- When a resource was last changed; what is older than this says when it was migrated.
ALTER TABLE customer.customers ADD COLUMN IF NOT EXISTS update_time timestamptz NOT NULL DEFAULT now();

ALTER TABLE customer.orders ADD COLUMN IF NOT EXISTS update_time timestamptz NOT NULL DEFAULT now();

-- What lists are filtered by: the first page of a filtered list is read as that of the whole one is.
CREATE INDEX IF NOT EXISTS deal_allocations_by_partner ON customer.deal_allocations (state, partner, publish_time DESC, id DESC);
