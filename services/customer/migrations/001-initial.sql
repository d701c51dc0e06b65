CREATE SCHEMA IF NOT EXISTS customer;

CREATE TABLE IF NOT EXISTS customer.customers (
  id text PRIMARY KEY,
  display_name text NOT NULL,
  shipping_address jsonb,
  version bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS customer.deal_allocations (
  id text PRIMARY KEY,
  partner text NOT NULL,
  title text NOT NULL,
  description text NOT NULL,
  price_micros bigint NOT NULL,
  currency text NOT NULL,
  group_size bigint NOT NULL,
  group_lifetime_seconds bigint NOT NULL,
  stock bigint NOT NULL,
  reserved bigint NOT NULL,
  state text NOT NULL,
  version bigint NOT NULL,
  publish_time timestamptz NOT NULL,
  CHECK (reserved >= 0)
);

CREATE INDEX IF NOT EXISTS deal_allocations_by_state ON customer.deal_allocations (state, publish_time DESC, id DESC);

CREATE TABLE IF NOT EXISTS customer.groups (
  id text PRIMARY KEY,
  deal text NOT NULL REFERENCES customer.deal_allocations (id),
  state text NOT NULL,
  size bigint NOT NULL,
  taken bigint NOT NULL,
  authorized bigint NOT NULL,
  expire_time timestamptz NOT NULL,
  version bigint NOT NULL,
  CHECK (authorized >= 0 AND authorized <= taken AND taken <= size)
);

CREATE INDEX IF NOT EXISTS groups_by_expiry ON customer.groups (state, expire_time);

-- active_customer is the customer while the order takes a place and null afterwards: one place in a group for each customer.
CREATE TABLE IF NOT EXISTS customer.orders (
  id text PRIMARY KEY,
  customer text NOT NULL,
  active_customer text,
  group_id text NOT NULL REFERENCES customer.groups (id),
  deal text NOT NULL,
  partner text NOT NULL,
  quantity bigint NOT NULL,
  total_micros bigint NOT NULL,
  currency text NOT NULL,
  ship_to jsonb NOT NULL,
  state text NOT NULL,
  payment_state text NOT NULL,
  cancel_reason text,
  payment_id text,
  payment_client_token text,
  payment_sequence bigint NOT NULL,
  carrier text,
  tracking_number text,
  hold_expire_time timestamptz NOT NULL,
  create_time timestamptz NOT NULL,
  version bigint NOT NULL
);

CREATE INDEX IF NOT EXISTS orders_by_customer ON customer.orders (customer, create_time DESC, id DESC);

CREATE INDEX IF NOT EXISTS orders_by_hold ON customer.orders (state, hold_expire_time);

CREATE UNIQUE INDEX IF NOT EXISTS orders_one_place ON customer.orders (group_id, active_customer) WHERE active_customer IS NOT NULL;

CREATE TABLE IF NOT EXISTS customer.outbox (
  id text PRIMARY KEY,
  aggregate text NOT NULL,
  version bigint NOT NULL,
  event bytea NOT NULL,
  attributes jsonb NOT NULL,
  create_time timestamptz NOT NULL
);

CREATE INDEX IF NOT EXISTS outbox_by_time ON customer.outbox (create_time, id);

CREATE TABLE IF NOT EXISTS customer.inbox (
  event_id text PRIMARY KEY,
  create_time timestamptz NOT NULL
);

CREATE TABLE IF NOT EXISTS customer.requests (
  caller text NOT NULL,
  method text NOT NULL,
  request_id text NOT NULL,
  fingerprint text NOT NULL,
  response bytea NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (caller, method, request_id)
);
