CREATE TABLE IF NOT EXISTS partner.partners (
  id text PRIMARY KEY,
  display_name text NOT NULL,
  state text NOT NULL,
  create_time timestamptz NOT NULL
);

-- Public keys. id is the thumbprint of the key (RFC 7638).
CREATE TABLE IF NOT EXISTS partner.partner_keys (
  partner text NOT NULL,
  id text NOT NULL,
  public_key jsonb NOT NULL,
  algorithm text NOT NULL,
  create_time timestamptz NOT NULL,
  revoke_time timestamptz,
  PRIMARY KEY (partner, id)
);

-- Whoever has the private key could sign for each partner that has the public one.
CREATE UNIQUE INDEX IF NOT EXISTS partner_keys_by_id ON partner.partner_keys (id);

CREATE INDEX IF NOT EXISTS partner_keys_by_time ON partner.partner_keys (partner, create_time DESC, id DESC);

-- The jti of each assertion that was accepted, until it could not be used again anyway.
CREATE TABLE IF NOT EXISTS partner.assertions (
  partner text NOT NULL,
  id text NOT NULL,
  expire_time timestamptz NOT NULL,
  PRIMARY KEY (partner, id)
);
