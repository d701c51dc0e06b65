-- Who runs a job now: another tick of the same job leaves it alone until then.
CREATE TABLE IF NOT EXISTS job.leases (
  job text PRIMARY KEY,
  holder text NOT NULL,
  expire_time timestamptz NOT NULL
);

-- Retention reads the oldest rows.
CREATE INDEX IF NOT EXISTS job_runs_by_time ON job.job_runs (start_time);
