-- Numbers the changes of each partner's fulfilments in the order of their commits, which no clock does: streams resume by it.
CREATE TABLE IF NOT EXISTS partner.change_counters (
  partner text PRIMARY KEY,
  last bigint NOT NULL
);

ALTER TABLE partner.fulfilments ADD COLUMN IF NOT EXISTS change_number bigint NOT NULL DEFAULT 0;

CREATE INDEX IF NOT EXISTS fulfilments_by_change_number ON partner.fulfilments (partner, change_number);

DROP INDEX IF EXISTS partner.fulfilments_by_change;

ALTER TABLE partner.fulfilments DROP COLUMN change_time;
