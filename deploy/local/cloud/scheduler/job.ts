/** A Cloud Scheduler job with an HTTP target. Durations and times in milliseconds. */
export interface JobSpec {
  /** "projects/{project}/locations/{location}/jobs/{job}" */
  readonly name: string;
  /** Unix cron with five fields. */
  readonly schedule: string;
  /** An IANA time zone, such as "Asia/Tokyo". */
  readonly timeZone: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly oidcToken: { readonly serviceAccountEmail: string; readonly audience: string } | null;
  /** How long one attempt may take; 15 s to 30 min. */
  readonly attemptDeadlineMs: number;
  readonly retry: RetrySpec;
}

/** What happens after a failed attempt: https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#RetryConfig */
export interface RetrySpec {
  /** Retries after the first attempt, 0 to 5. */
  readonly retryCount: number;
  /** From the first attempt on; 0 for no limit. */
  readonly maxRetryDurationMs: number;
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  readonly maxDoublings: number;
}

/** Cloud Scheduler's own defaults. */
export const defaultRetry: RetrySpec = {
  retryCount: 0,
  maxRetryDurationMs: 0,
  minBackoffMs: 5_000,
  maxBackoffMs: 3600_000,
  maxDoublings: 5,
};

/** What a job remembers over a restart. */
export interface JobState {
  readonly state: 'ENABLED' | 'PAUSED';
  readonly lastAttemptMs: number | null;
  /** google.rpc.Status of the last attempt; code 0 for success; null before the first. */
  readonly status: { readonly code: number; readonly message: string } | null;
}
