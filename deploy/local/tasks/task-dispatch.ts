import type { Dispatch } from '../push/http-dispatcher.ts';
import type { StoredTask } from './resources.ts';

/**
 * The HTTP request of a task's next attempt.
 * Headers: https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler
 */
export function dispatchOf(queue: string, task: StoredTask): Dispatch {
  const { request, lastAttempt } = task;
  const previous = /^HTTP status code (\d+)$/.exec(lastAttempt?.responseStatus?.message ?? '')?.[1];
  return {
    url: request.url,
    method: request.httpMethod,
    headers: {
      ...request.headers,
      'user-agent': 'Google-Cloud-Tasks',
      'x-cloudtasks-queuename': lastSegment(queue),
      'x-cloudtasks-taskname': lastSegment(task.name),
      'x-cloudtasks-taskretrycount': String(task.dispatchCount),
      'x-cloudtasks-taskexecutioncount': String(task.responseCount),
      'x-cloudtasks-tasketa': (task.scheduleMs / 1000).toFixed(6),
      ...(previous !== undefined && { 'x-cloudtasks-taskpreviousresponse': previous }),
      ...(lastAttempt !== null && { 'x-cloudtasks-taskretryreason': lastAttempt.responseStatus?.message ?? 'no answer' }),
    },
    body: task.body,
    identity: request.oidcToken && { email: request.oidcToken.serviceAccountEmail, audience: request.oidcToken.audience },
    timeoutMs: task.dispatchDeadlineMs,
  };
}

function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
