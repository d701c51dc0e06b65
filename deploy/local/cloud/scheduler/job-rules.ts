import { invalidArgument } from '../google-api/api-error.ts';
import { checkTargetUrl, targetHeaders } from '../push/http-target.ts';
import type { JobSpec, RetrySpec } from './job.ts';

/** Of the whole job, its headers and body included: https://cloud.google.com/scheduler/quotas */
const maxJobBytes = 1024 * 1024;

const jobName = /^projects\/[^/]+\/locations\/[^/]+\/jobs\/[\w-]{1,500}$/;

/**
 * Checks a job, and drops the headers that Cloud Scheduler writes itself. The schedule is checked where it is read (job-runner.ts).
 * Bounds: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
 *
 * @throws ApiError INVALID_ARGUMENT
 */
export function checkedJob(asked: JobSpec): JobSpec {
  if (!jobName.test(asked.name)) {
    throw invalidArgument(
      `Invalid job name "${asked.name}": expected projects/{project}/locations/{location}/jobs/{id}, the id of 1 to 500 letters, digits, hyphens and underscores`,
    );
  }
  checkTargetUrl(`${asked.name}: http_target.uri`, asked.uri);
  if (asked.attemptDeadlineMs < 15_000 || asked.attemptDeadlineMs > 30 * 60_000) {
    throw invalidArgument(`${asked.name}: attempt_deadline has to be from 15 seconds to 30 minutes`);
  }
  checkRetry(asked.name, asked.retry);
  const job = { ...asked, headers: targetHeaders(asked.headers, 'x-cloudscheduler') };
  const bytes = Buffer.byteLength(JSON.stringify(job));
  if (bytes > maxJobBytes) throw invalidArgument(`${asked.name}: the job has ${bytes} bytes, at most ${maxJobBytes} are allowed`);
  return job;
}

function checkRetry(name: string, { retryCount, maxRetryDurationMs, minBackoffMs, maxBackoffMs, maxDoublings }: RetrySpec): void {
  if (retryCount < 0 || retryCount > 5) throw invalidArgument(`${name}: retry_count has to be from 0 to 5, not ${retryCount}`);
  if (Math.min(maxRetryDurationMs, minBackoffMs, maxDoublings) < 0)
    throw invalidArgument(`${name}: nothing of retry_config can be negative`);
  if (minBackoffMs > maxBackoffMs) throw invalidArgument(`${name}: min_backoff_duration is longer than max_backoff_duration`);
}
