import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { invalidArgument } from '../google-api/api-error.ts';
import { unary } from '../google-api/grpc-server.ts';
import { type PageRequest, pageOf } from '../google-api/page.ts';
import { fromMs } from '../google-api/protobuf-time.ts';
import type { AskedQueue } from './queue-rules.ts';
import type { StoredTask } from './resources.ts';
import type { TaskQueues } from './task-queues.ts';
import type { AskedTask } from './task-rules.ts';

type View = 'VIEW_UNSPECIFIED' | 'BASIC' | 'FULL';

interface Named {
  readonly name: string;
}

interface OfParent {
  readonly parent: string;
}

interface WithView {
  readonly responseView: View;
}

/** The methods of google.cloud.tasks.v2.CloudTasks that the local server has; the others answer UNIMPLEMENTED. */
export function cloudTasksService(queues: TaskQueues): UntypedServiceImplementation {
  return {
    ListQueues: unary(({ parent, ...request }: OfParent & PageRequest) => {
      const own = queues.queues().filter(({ name }) => name.startsWith(`${parent}/queues/`));
      const { items, nextPageToken } = pageOf(own, ({ name }) => name, request);
      return { queues: items, nextPageToken };
    }),
    GetQueue: unary(({ name }: Named) => queues.queue(name)),
    CreateQueue: unary(({ parent, queue }: OfParent & { queue: AskedQueue | null }) => {
      if (queue === null) throw invalidArgument('queue is required');
      return queues.createQueue(parent, queue);
    }),
    UpdateQueue: unary(({ queue, updateMask }: { queue: AskedQueue | null; updateMask: { paths: string[] } | null }) => {
      if (queue === null) throw invalidArgument('queue is required');
      return queues.updateQueue(masked(queues, queue, updateMask?.paths ?? []));
    }),
    PauseQueue: unary(({ name }: Named) => queues.setState(name, 'PAUSED')),
    ResumeQueue: unary(({ name }: Named) => queues.setState(name, 'RUNNING')),
    PurgeQueue: unary(({ name }: Named) => queues.purge(name)),
    ListTasks: unary(({ parent, responseView, ...request }: OfParent & WithView & PageRequest) => {
      const { items, nextPageToken } = pageOf(queues.tasks(parent), ({ name }) => name, request);
      return { tasks: items.map((task) => taskMessage(task, responseView)), nextPageToken };
    }),
    GetTask: unary(({ name, responseView }: Named & WithView) => taskMessage(queues.task(name), responseView)),
    CreateTask: unary(({ parent, task, responseView }: OfParent & WithView & { task: AskedTask | null }) =>
      taskMessage(queues.createTask(parent, task), responseView),
    ),
    DeleteTask: unary(({ name }: Named) => {
      queues.deleteTask(name);
      return {};
    }),
    RunTask: unary(({ name, responseView }: Named & WithView) => taskMessage(queues.runTask(name), responseView)),
  };
}

// Without a mask every field counts. A mask names "rate_limits", "retry_config" or a field inside.
function masked(queues: TaskQueues, asked: AskedQueue, paths: readonly string[]): AskedQueue {
  if (paths.length === 0 || !queues.queues().some(({ name }) => name === asked.name)) return asked;
  let queue: AskedQueue = queues.queue(asked.name);
  for (const path of paths) {
    const [field = '', inner] = path.split('.').map((part) => part.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()));
    if (field !== 'rateLimits' && field !== 'retryConfig') throw invalidArgument(`update_mask: ${path} of a queue cannot change`);
    const value: object | null = asked[field];
    queue = { ...queue, [field]: inner === undefined ? value : { ...queue[field], [inner]: value?.[inner as keyof typeof value] } };
  }
  return queue;
}

/** google.cloud.tasks.v2.Task; only the full view has the body. */
function taskMessage(task: StoredTask, view: View) {
  return {
    name: task.name,
    httpRequest: { ...task.request, ...(view === 'FULL' && { body: task.body }) },
    scheduleTime: fromMs(task.scheduleMs),
    createTime: fromMs(task.createMs),
    dispatchDeadline: fromMs(task.dispatchDeadlineMs),
    dispatchCount: task.dispatchCount,
    responseCount: task.responseCount,
    firstAttempt: task.firstAttempt,
    lastAttempt: task.lastAttempt,
    view: view === 'FULL' ? 'FULL' : 'BASIC',
  };
}
