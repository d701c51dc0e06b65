-- The W3C trace context of the request that placed the order.
ALTER TABLE customer.orders ADD COLUMN IF NOT EXISTS traceparent text;
