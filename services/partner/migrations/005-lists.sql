-- When a resource was last changed; what is older than this says when it was migrated.
ALTER TABLE partner.deals ADD COLUMN IF NOT EXISTS update_time timestamptz NOT NULL DEFAULT now();

ALTER TABLE partner.fulfilments ADD COLUMN IF NOT EXISTS update_time timestamptz NOT NULL DEFAULT now();

ALTER TABLE partner.partners ADD COLUMN IF NOT EXISTS update_time timestamptz NOT NULL DEFAULT now();

ALTER TABLE partner.partners ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;

-- What lists are filtered by: the first page of a filtered list is read as that of the whole one is.
CREATE INDEX IF NOT EXISTS deals_by_state ON partner.deals (partner, state, create_time DESC, id DESC);

CREATE INDEX IF NOT EXISTS deals_by_partner_and_sku ON partner.deals (partner, sku, create_time DESC, id DESC);

CREATE INDEX IF NOT EXISTS fulfilments_by_state ON partner.fulfilments (partner, state, create_time DESC, id DESC);

CREATE INDEX IF NOT EXISTS partners_by_time ON partner.partners (create_time DESC, id DESC);

CREATE INDEX IF NOT EXISTS partners_by_state ON partner.partners (state, create_time DESC, id DESC);
