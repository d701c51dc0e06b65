import { create, type DescMethod, type MessageInitShape, toJsonString } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { CloudTasksClient } from '@google-cloud/tasks';
import { credentials, status } from '@grpc/grpc-js';
import { SpanKind } from '@opentelemetry/api';
import { errorText } from '../../contracts/error-text.ts';
import { audienceOf, serviceAccountEmail, triggerPrincipal } from '../../contracts/identities.ts';
import { inSpan } from '../../contracts/in-span.ts';
import { describeMethod } from '../../contracts/methods.ts';
import { activeTraceparent } from '../../contracts/traceparent.ts';
import { type QueueTrigger, triggersOf } from '../../contracts/triggers.ts';
import { serviceAccount } from '../identity/service-account.ts';

/** When and as what a task runs. */
interface TaskOptions {
  /** Letters, digits, hyphens and underscores. A second task of this id in the queue is refused for at least an hour after the first has run. */
  readonly id: string;
  /** Not before this time; at once by default. */
  readonly at?: Date;
  /** Headers that the task's request carries, such as the one that routes a preview. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What became of a task: 'beyond-horizon' means that Cloud Tasks keeps none for so long, and nothing was created. */
export type EnqueueResult = 'created' | 'exists' | 'beyond-horizon';

/** Cloud Tasks queues, one for each method with a queue trigger. */
export interface TaskQueue {
  /**
   * Has the method called with this request, once or more, by Cloud Tasks through the jobs gateway.
   *
   * @throws {TypeError} where the method has no queue trigger, or Cloud Tasks would refuse the id, or the size of the URL, the headers or the request.
   */
  enqueue<M extends DescMethod>(method: M, request: MessageInitShape<M['input']>, options: TaskOptions): Promise<EnqueueResult>;
  /** The task of this id in the method's queue; undefined where there is none, or it has ended well. @throws {TypeError} where the method has no queue trigger */
  find(method: DescMethod, id: string): Promise<WaitingTask | undefined>;
  close(): Promise<void>;
}

/** A task that is not done. */
export interface WaitingTask {
  /** When its next attempt is due. */
  readonly dueTime: Date;
  /** Attempts so far. */
  readonly attempts: number;
}

/** Where the tasks are and where they go. */
export interface TaskQueueConfig {
  readonly project: string;
  /** The queues' region, such as "asia-northeast1". */
  readonly location: string;
  /** The jobs gateway, such as "https://jobs.example.com". */
  readonly jobsGatewayUrl: string;
  /** host:port of a server that speaks Cloud Tasks without TLS, instead of Google's. */
  readonly endpoint?: string | undefined;
  /** By which tasks fall due. */
  readonly now: () => Date;
}

/** How far ahead Cloud Tasks schedules: 30 days, https://docs.cloud.google.com/tasks/docs/quotas. */
const horizonMs = 30 * 24 * 3_600_000;
/** Cloud Tasks takes no shorter dispatch deadline. */
const shortestDispatchDeadlineMs = 15_000;

/** The URL in characters, names and values of the headers in bytes: https://cloud.google.com/tasks/docs/reference/rest/v2/HttpRequest. */
const longestUrl = 2083;
const mostHeaderBytes = 80 * 1024;
/** For a whole task CreateTask's reference says 100 KB, https://cloud.google.com/tasks/docs/quotas says 1 MiB: the smaller is right by both. */
const mostTaskBytes = 100 * 1024;

/** Task queues over Google's client, which is loaded with the first task. */
export function createTaskQueue(config: TaskQueueConfig): TaskQueue {
  let loading: Promise<CloudTasksClient> | undefined;
  const connect = () => {
    loading ??= createTasksClient(config);
    return loading;
  };
  const parentOf = ({ resourceId }: QueueTrigger) => `projects/${config.project}/locations/${config.location}/queues/${resourceId}`;

  return {
    async enqueue(method, request, { id, at, headers = {} }) {
      const trigger = queueOf(method);
      if (!/^[A-Za-z0-9_-]{1,500}$/.test(id)) {
        throw new TypeError(`task id "${id}": Cloud Tasks takes 1 to 500 letters, digits, hyphens and underscores`);
      }
      if (at !== undefined && at.getTime() - config.now().getTime() > horizonMs) return 'beyond-horizon';
      const parent = parentOf(trigger);
      const client = await connect();
      const attributes = {
        'messaging.system': 'gcp_cloud_tasks',
        'messaging.operation.type': 'send',
        'messaging.destination.name': trigger.resourceId,
        'messaging.message.id': id,
      };
      const url = new URL(trigger.path, config.jobsGatewayUrl).href;
      const body = Buffer.from(toJsonString(method.input, create(method.input, request)));
      return inSpan(`send ${trigger.resourceId}`, { kind: SpanKind.PRODUCER, attributes }, async () => {
        // The task's call continues this trace, whenever it comes.
        const traceparent = activeTraceparent();
        const sent = { 'content-type': 'application/json', ...(traceparent !== undefined && { traceparent }), ...headers };
        checkSizes(id, { url, headers: sent, body });
        try {
          await client.createTask({
            parent,
            task: {
              name: `${parent}/tasks/${id}`,
              scheduleTime: at === undefined ? null : toTimestamp(at),
              // One second more than the gateway, which has one second more than the method.
              dispatchDeadline: { seconds: Math.ceil(Math.max(trigger.deadlineMs + 2_000, shortestDispatchDeadlineMs) / 1000) },
              httpRequest: {
                httpMethod: 'POST',
                url,
                headers: sent,
                body,
                oidcToken: {
                  serviceAccountEmail: serviceAccountEmail(triggerPrincipal.queue, config.project),
                  audience: audienceOf('jobs', config.project),
                },
              },
            },
          });
          return 'created';
        } catch (error) {
          if (error instanceof Error && 'code' in error && error.code === status.ALREADY_EXISTS) return 'exists';
          throw new Error(`Cloud Tasks queue "${trigger.resourceId}": ${errorText(error)}`, {
            cause: error,
          });
        }
      });
    },

    async find(method, id) {
      const name = `${parentOf(queueOf(method))}/tasks/${id}`;
      try {
        const [{ scheduleTime, dispatchCount }] = await (await connect()).getTask({ name });
        const { seconds = 0, nanos = 0 } = scheduleTime ?? {};
        return { dueTime: new Date(Number(seconds) * 1000 + Number(nanos) / 1e6), attempts: dispatchCount ?? 0 };
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === status.NOT_FOUND) return undefined;
        throw error;
      }
    },

    async close() {
      await (await loading)?.close();
    },
  };
}

function checkSizes(
  id: string,
  { url, headers, body }: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
): void {
  const headerBytes = Object.entries(headers).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  const taskBytes = url.length + headerBytes + body.length;
  if (url.length > longestUrl)
    throw new TypeError(`task "${id}": its URL has ${url.length} characters, Cloud Tasks takes at most ${longestUrl}`);
  if (headerBytes >= mostHeaderBytes) {
    throw new TypeError(`task "${id}": its headers have ${headerBytes} bytes, Cloud Tasks takes less than ${mostHeaderBytes}`);
  }
  if (taskBytes > mostTaskBytes) throw new TypeError(`task "${id}" has ${taskBytes} bytes, Cloud Tasks takes at most ${mostTaskBytes}`);
}

async function createTasksClient({ project, endpoint }: TaskQueueConfig): Promise<CloudTasksClient> {
  const { CloudTasksClient } = await import('@google-cloud/tasks');
  if (endpoint === undefined) return new CloudTasksClient({ projectId: project, authClient: await serviceAccount() });
  const { hostname, port } = new URL(`http://${endpoint}`);
  return new CloudTasksClient({ projectId: project, apiEndpoint: hostname, port: Number(port), sslCreds: credentials.createInsecure() });
}

function queueOf(method: DescMethod): QueueTrigger {
  const [trigger] = triggersOf(describeMethod(method));
  if (trigger?.kind !== 'queue') throw new TypeError(`${method.parent.typeName}.${method.name} has no queue trigger`);
  return trigger;
}

function toTimestamp(date: Date): { seconds: number; nanos: number } {
  const { seconds, nanos } = timestampFromDate(date);
  return { seconds: Number(seconds), nanos };
}
