import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import { parseTraceparent } from '../../../../services/platform/contracts/traceparent.ts';
import { location, project } from '../../platform/place.ts';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import type { JsonRequest, JsonRoute } from '../../shared/http/json-server.ts';
import { noBody } from '../../shared/http/json-server.ts';
import { maskedJson, maskedMessage } from '../messages/mask-message.ts';
import type { MessageTypes } from '../messages/message-types.ts';
import type { Message } from '../pubsub/resources.ts';
import type { Subscriber } from '../pubsub/subscriber.ts';
import type { JobRunner } from '../scheduler/job-runner.ts';
import type { StoredTask } from '../tasks/resources.ts';
import type { Inspected } from './inspected.ts';

/** Of a queue or a subscription. */
const listed = 200;

/** What the local cloud has in hand: messages, tasks and jobs, masked; and what a person may do to them. */
export function deliveryRoutes({ broker, queues, jobs, types }: Inspected): JsonRoute[] {
  const subscriber = ({ params }: JsonRequest) => broker.subscriber(`projects/${project}/subscriptions/${params['subscription']}`);
  const queueName = ({ params }: JsonRequest) => `projects/${project}/locations/${location}/queues/${params['queue']}`;
  const job = ({ params }: JsonRequest) => jobs.job(`projects/${project}/locations/${location}/jobs/${params['schedule']}`);
  const done =
    (work: (request: JsonRequest) => unknown): JsonRoute['handle'] =>
    (request) => {
      // Asked for as JSON: pages of other ports of this machine send nothing such without being let to.
      request.json(noBody);
      work(request);
      return { status: 200, body: {} };
    };
  return [
    {
      method: 'GET',
      path: '/topics',
      handle: () => {
        const subscribers = broker.subscribers();
        const topics = broker.topics().map(({ name }) => ({
          topic: lastSegment(name),
          subscriptions: subscribers.filter(({ spec }) => spec.topic === name).map(subscriptionRow),
        }));
        return { status: 200, body: { topics: topics.toSorted((a, b) => (a.topic < b.topic ? -1 : 1)) } };
      },
    },
    {
      method: 'GET',
      path: '/subscriptions/{subscription}',
      handle: (request) => {
        const asked = subscriber(request);
        const waiting = asked.waiting(listed).map(({ message, attempts, nextMs }) => ({ ...messageRow(message, types), attempts, nextMs }));
        return { status: 200, body: { ...subscriptionRow(asked), waiting } };
      },
    },
    {
      method: 'POST',
      path: '/subscriptions/{subscription}/messages/{id}/replay',
      handle: done((request) => {
        const letters = subscriber(request);
        const message = letters
          .waiting(Number.MAX_SAFE_INTEGER)
          .find((one) => String(one.message.messageId) === request.params['id'])?.message;
        if (message === undefined) throw new HttpProblem(404, 'not_found', 'This message is not there any more.');
        const source = message.attributes['CloudPubSubDeadLetterSourceSubscription'];
        if (source === undefined)
          throw new HttpProblem(400, 'no_dead_letter', 'This is no dead letter: it says no subscription that gave it up.');
        const topic = broker.subscriber(`projects/${project}/subscriptions/${source}`).spec.topic;
        if (letters.withdraw(message.messageId) === undefined)
          throw new HttpProblem(409, 'in_hand', 'Somebody has this message in hand just now.');
        const attributes = Object.fromEntries(
          Object.entries(message.attributes).filter(([name]) => !name.startsWith('CloudPubSubDeadLetter')),
        );
        broker.publish(topic, [{ data: message.data, attributes, orderingKey: message.orderingKey }]);
      }),
    },
    {
      method: 'GET',
      path: '/queues',
      handle: () => ({
        status: 200,
        body: {
          queues: queues.queues().map((queue) => {
            const tasks = queues.tasks(queue.name).toSorted((a, b) => a.scheduleMs - b.scheduleMs);
            return {
              queue: lastSegment(queue.name),
              state: queue.state,
              limits: queue.rateLimits,
              attempts: queue.retryConfig.maxAttempts,
              count: tasks.length,
              tasks: tasks.slice(0, listed).map((task) => taskRow(task, types)),
            };
          }),
        },
      }),
    },
    { method: 'POST', path: '/queues/{queue}/pause', handle: done((request) => queues.setState(queueName(request), 'PAUSED')) },
    { method: 'POST', path: '/queues/{queue}/resume', handle: done((request) => queues.setState(queueName(request), 'RUNNING')) },
    {
      method: 'POST',
      path: '/queues/{queue}/tasks/{task}/run',
      handle: done((request) => queues.runTask(`${queueName(request)}/tasks/${request.params['task']}`)),
    },
    {
      method: 'POST',
      path: '/queues/{queue}/tasks/{task}/delete',
      handle: done((request) => queues.deleteTask(`${queueName(request)}/tasks/${request.params['task']}`)),
    },
    { method: 'GET', path: '/schedules', handle: () => ({ status: 200, body: { schedules: jobs.list().map(jobRow) } }) },
    {
      method: 'POST',
      path: '/schedules/{schedule}/run',
      handle: done((request) => {
        if (!job(request).run()) throw new HttpProblem(409, 'busy', 'It is being executed just now.');
      }),
    },
    { method: 'POST', path: '/schedules/{schedule}/pause', handle: done((request) => job(request).setState('PAUSED')) },
    { method: 'POST', path: '/schedules/{schedule}/resume', handle: done((request) => job(request).setState('ENABLED')) },
  ];
}

function subscriptionRow(subscriber: Subscriber) {
  const { name, pushConfig, deadLetterPolicy } = subscriber.spec;
  return {
    subscription: lastSegment(name),
    pushesTo: pushConfig === null ? undefined : new URL(pushConfig.pushEndpoint).pathname,
    maxAttempts: deadLetterPolicy?.maxDeliveryAttempts,
    count: subscriber.waitingCount(),
  };
}

function messageRow({ messageId, data, attributes, orderingKey, publishMs }: Message, types: MessageTypes) {
  const body = types.event === undefined ? `[${data.length} bytes]` : maskedMessage(types.event, data, types);
  return { id: String(messageId), attributes, orderingKey, publishMs, body };
}

function taskRow({ name, request, body, scheduleMs, createMs, dispatchCount, lastAttempt }: StoredTask, types: MessageTypes) {
  return {
    task: lastSegment(name),
    scheduleMs,
    createMs,
    attempts: dispatchCount,
    last: lastAttempt?.responseStatus?.message,
    path: new URL(request.url).pathname,
    trace: parseTraceparent(request.headers['traceparent'])?.traceId ?? '',
    body: taskBody(new URL(request.url).pathname, body, types),
  };
}

function taskBody(path: string, body: Uint8Array, types: MessageTypes) {
  const method = types.triggered.get(path);
  try {
    return method === undefined
      ? `[${body.length} bytes]`
      : maskedJson(method.desc.input, JSON.parse(Buffer.from(body).toString() || '{}'), types);
  } catch {
    return `[${body.length} bytes that are no JSON]`;
  }
}

function jobRow({ spec, state, nextMs }: JobRunner) {
  const { lastAttemptMs, status } = state;
  return {
    job: lastSegment(spec.name),
    schedule: spec.schedule,
    timeZone: spec.timeZone,
    state: state.state,
    path: new URL(spec.uri).pathname,
    nextMs,
    lastAttemptMs,
    last: status === null ? undefined : status.code === 0 ? 'OK' : status.message,
  };
}
