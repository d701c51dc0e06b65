GRANT USAGE ON SCHEMA customer TO kumiko_customer;
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE customer.customers, customer.deal_allocations, customer.groups, customer.orders, customer.outbox, customer.inbox, customer.requests TO kumiko_customer;
GRANT USAGE ON SCHEMA partner TO kumiko_partner;
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE partner.deals, partner.fulfilments, partner.outbox, partner.inbox, partner.requests, partner.change_counters TO kumiko_partner;
GRANT USAGE ON SCHEMA webhook TO kumiko_webhook;
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE webhook.provider_events, webhook.outbox TO kumiko_webhook;
GRANT USAGE ON SCHEMA job TO kumiko_job;
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE job.job_runs TO kumiko_job;
