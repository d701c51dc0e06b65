import type { SecondsAndNanos } from '../google-api/protobuf-time.ts';

/** google.cloud.tasks.v2.Queue, as far as the local server knows it. */
export interface Queue {
  readonly name: string;
  readonly rateLimits: {
    readonly maxDispatchesPerSecond: number;
    readonly maxBurstSize: number;
    readonly maxConcurrentDispatches: number;
  };
  readonly retryConfig: {
    /** The first included; -1 for no limit. */
    readonly maxAttempts: number;
    readonly maxRetryDuration: SecondsAndNanos | null;
    readonly minBackoff: SecondsAndNanos;
    readonly maxBackoff: SecondsAndNanos;
    readonly maxDoublings: number;
  };
  readonly state: 'RUNNING' | 'PAUSED';
  readonly purgeTime: SecondsAndNanos | null;
}

/** google.cloud.tasks.v2.HttpRequest without its body. */
export interface TaskRequest {
  readonly url: string;
  readonly httpMethod: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly oidcToken: { readonly serviceAccountEmail: string; readonly audience: string } | null;
}

/** google.cloud.tasks.v2.Attempt. */
export interface Attempt {
  readonly scheduleTime: SecondsAndNanos;
  readonly dispatchTime: SecondsAndNanos;
  readonly responseTime: SecondsAndNanos | null;
  readonly responseStatus: { readonly code: number; readonly message: string } | null;
}

/** A task as it is stored. Times in milliseconds since the epoch. */
export interface StoredTask {
  readonly name: string;
  readonly request: TaskRequest;
  readonly body: Uint8Array;
  readonly scheduleMs: number;
  readonly createMs: number;
  readonly dispatchDeadlineMs: number;
  readonly dispatchCount: number;
  readonly responseCount: number;
  /** Answers that did not say that the target had failed (5xx): these are what the target is told as its executions. */
  readonly executionCount: number;
  /** HTTP status of the attempt before, or the one that stands for no answer; null before the first has ended. */
  readonly previousResponse: number | null;
  readonly firstAttempt: Attempt | null;
  readonly lastAttempt: Attempt | null;
}

/** The queue of a task's full name. */
export function queueOf(taskName: string): string {
  return taskName.slice(0, taskName.lastIndexOf('/tasks/'));
}
