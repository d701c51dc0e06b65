CREATE SCHEMA IF NOT EXISTS partner;

CREATE TABLE IF NOT EXISTS partner.deals (
  id text PRIMARY KEY,
  partner text NOT NULL,
  title text NOT NULL,
  description text NOT NULL,
  price_micros bigint NOT NULL,
  currency text NOT NULL,
  group_size bigint NOT NULL,
  group_lifetime_seconds bigint NOT NULL,
  stock bigint NOT NULL,
  sku text NOT NULL,
  state text NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  CHECK (stock >= 0)
);

CREATE INDEX IF NOT EXISTS deals_by_partner ON partner.deals (partner, create_time DESC, id DESC);

CREATE INDEX IF NOT EXISTS deals_by_sku ON partner.deals (sku);

-- A fulfilment without ship_to stands for an order that was cancelled before its partner heard of it.
CREATE TABLE IF NOT EXISTS partner.fulfilments (
  id text PRIMARY KEY,
  partner text NOT NULL,
  deal text NOT NULL,
  quantity bigint NOT NULL,
  total_micros bigint NOT NULL,
  currency text NOT NULL,
  ship_to jsonb,
  state text NOT NULL,
  carrier text,
  tracking_number text,
  order_version bigint NOT NULL,
  version bigint NOT NULL,
  create_time timestamptz NOT NULL,
  change_time timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS fulfilments_by_partner ON partner.fulfilments (partner, create_time DESC, id DESC);

CREATE INDEX IF NOT EXISTS fulfilments_by_change ON partner.fulfilments (partner, change_time);

CREATE UNIQUE INDEX IF NOT EXISTS fulfilments_by_parcel ON partner.fulfilments (carrier, tracking_number) WHERE carrier IS NOT NULL AND tracking_number IS NOT NULL;

CREATE TABLE IF NOT EXISTS partner.outbox (
  id text PRIMARY KEY,
  aggregate text NOT NULL,
  version bigint NOT NULL,
  event bytea NOT NULL,
  attributes jsonb NOT NULL,
  create_time timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS outbox_by_time ON partner.outbox (create_time, id);

CREATE TABLE IF NOT EXISTS partner.inbox (
  event_id text PRIMARY KEY,
  create_time timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS partner.requests (
  caller text NOT NULL,
  method text NOT NULL,
  request_id text NOT NULL,
  fingerprint text NOT NULL,
  response bytea NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (caller, method, request_id)
);
