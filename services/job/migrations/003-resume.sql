-- Where a run that did not come to its end is taken up by the next one, and what it could not use.
ALTER TABLE job.job_runs ADD COLUMN IF NOT EXISTS next_page_token text;

ALTER TABLE job.job_runs ADD COLUMN IF NOT EXISTS rejected bigint NOT NULL DEFAULT 0;
