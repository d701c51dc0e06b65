import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import type { Dispatch } from '../push/http-dispatcher.ts';
import type { StoredTask } from './resources.ts';

/** What a retry says where the attempt before left no status behind, because this process ended meanwhile. */
const unavailable = 503;

/**
 * The HTTP request of a task's next attempt.
 * Headers: https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler
 * A retry says the status before, and a reason that Cloud Tasks leaves empty for HTTP targets: texts are for App Engine's only.
 */
export function dispatchOf(queue: string, task: StoredTask): Dispatch {
  const { request } = task;
  return {
    url: request.url,
    method: request.httpMethod,
    headers: {
      ...request.headers,
      'user-agent': 'Google-Cloud-Tasks',
      'x-cloudtasks-queuename': lastSegment(queue),
      'x-cloudtasks-taskname': lastSegment(task.name),
      'x-cloudtasks-taskretrycount': String(task.dispatchCount),
      'x-cloudtasks-taskexecutioncount': String(task.executionCount),
      'x-cloudtasks-tasketa': (task.scheduleMs / 1000).toFixed(6),
      ...(task.dispatchCount > 0 && {
        'x-cloudtasks-taskpreviousresponse': String(task.previousResponse ?? unavailable),
        'x-cloudtasks-taskretryreason': '',
      }),
    },
    body: task.body,
    identity: request.oidcToken && { email: request.oidcToken.serviceAccountEmail, audience: request.oidcToken.audience },
    timeoutMs: task.dispatchDeadlineMs,
  };
}
