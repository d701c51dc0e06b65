-- When a deal or a group was last changed; what is older than this says when it was migrated.
ALTER TABLE customer.deal_allocations ADD COLUMN IF NOT EXISTS update_time timestamptz NOT NULL DEFAULT now();

ALTER TABLE customer.groups ADD COLUMN IF NOT EXISTS update_time timestamptz NOT NULL DEFAULT now();
