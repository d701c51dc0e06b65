import { randomUUID } from 'node:crypto';
import { invalidArgument, unimplemented } from '../google-api/api-error.ts';
import { type SecondsAndNanos, toMs } from '../google-api/protobuf-time.ts';
import { checkTargetUrl, targetHeaders } from '../push/http-target.ts';
import type { StoredTask, TaskRequest } from './resources.ts';

const thirtyDaysMs = 30 * 24 * 3600_000;

/** Of the whole task. The comments of the API still say 100 KB, the page of the quotas says 1 MiB: https://cloud.google.com/tasks/docs/quotas#limits */
const maxTaskBytes = 1024 * 1024;

/** google.cloud.tasks.v2.Task as a caller sends it to CreateTask. */
export interface AskedTask {
  readonly name: string;
  readonly httpRequest: (TaskRequest & { readonly body: Uint8Array; readonly oauthToken: object | null }) | null;
  readonly scheduleTime: SecondsAndNanos | null;
  readonly dispatchDeadline: SecondsAndNanos | null;
}

/**
 * Checks a task and fills in the defaults.
 * Bounds: https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks
 *
 * @throws ApiError INVALID_ARGUMENT or, for what is not done locally, UNIMPLEMENTED.
 */
export function checkedTask(queue: string, asked: AskedTask, nowMs: number): StoredTask {
  const { httpRequest } = asked;
  if (!httpRequest) throw unimplemented('App Engine tasks: give an http_request');
  if (httpRequest.oauthToken) throw unimplemented('oauth_token');
  checkTargetUrl('http_request.url', httpRequest.url);
  const httpMethod = httpRequest.httpMethod === 'HTTP_METHOD_UNSPECIFIED' ? 'POST' : httpRequest.httpMethod;
  if (httpRequest.body.length > 0 && !['POST', 'PUT', 'PATCH'].includes(httpMethod)) {
    throw invalidArgument(`a task with the method ${httpMethod} cannot have a body`);
  }
  const dispatchDeadlineMs = asked.dispatchDeadline ? toMs(asked.dispatchDeadline) : 10 * 60_000;
  if (dispatchDeadlineMs < 15_000 || dispatchDeadlineMs > 30 * 60_000) {
    throw invalidArgument('dispatch_deadline has to be from 15 seconds to 30 minutes');
  }
  const scheduleMs = asked.scheduleTime ? toMs(asked.scheduleTime) : nowMs;
  if (scheduleMs > nowMs + thirtyDaysMs) throw invalidArgument('schedule_time lies more than 30 days in the future');
  const { url, headers, oidcToken } = httpRequest;
  const name = asked.name === '' ? `${queue}/tasks/${randomUUID()}` : checkedTaskName(queue, asked.name);
  const request = {
    url,
    httpMethod,
    headers: targetHeaders(headers, 'x-cloudtasks-'),
    oidcToken: oidcToken?.serviceAccountEmail ? oidcToken : null,
  };
  const bytes = Buffer.byteLength(name) + Buffer.byteLength(JSON.stringify(request)) + httpRequest.body.length;
  if (bytes > maxTaskBytes) throw invalidArgument(`the task has ${bytes} bytes, at most ${maxTaskBytes} are allowed`);
  return {
    name,
    request,
    body: httpRequest.body,
    scheduleMs: Math.max(scheduleMs, nowMs),
    createMs: nowMs,
    dispatchDeadlineMs,
    dispatchCount: 0,
    responseCount: 0,
    executionCount: 0,
    previousResponse: null,
    firstAttempt: null,
    lastAttempt: null,
  };
}

function checkedTaskName(queue: string, name: string): string {
  if (!name.startsWith(`${queue}/tasks/`) || !/^[\w-]{1,500}$/.test(name.slice(queue.length + '/tasks/'.length))) {
    throw invalidArgument(`Invalid task name "${name}": expected ${queue}/tasks/{id}, the id of letters, digits, hyphens and underscores`);
  }
  return name;
}
