CREATE SCHEMA IF NOT EXISTS job;

CREATE TABLE IF NOT EXISTS job.job_runs (
  id text PRIMARY KEY,
  job text NOT NULL,
  state text NOT NULL,
  items bigint NOT NULL,
  changed bigint NOT NULL,
  failure text,
  start_time timestamptz NOT NULL,
  end_time timestamptz
);

CREATE INDEX IF NOT EXISTS job_runs_by_job ON job.job_runs (job, start_time DESC);
