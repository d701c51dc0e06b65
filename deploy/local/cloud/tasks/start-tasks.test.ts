import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudTasksClient, type protos } from '@google-cloud/tasks';
import { credentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type RecordingEndpoint, startRecordingEndpoint } from '../../../../tests/recording-endpoint.ts';
import { type AdvanceableClock, createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { fromMs } from '../google-api/protobuf-time.ts';
import { startTasks, type TasksOptions, type TasksServer } from './start-tasks.ts';

// Otherwise google-auth-library looks for Google's metadata server.
vi.stubEnv('METADATA_SERVER_DETECTION', 'none');

type Task = protos.google.cloud.tasks.v2.ITask;
type Queue = protos.google.cloud.tasks.v2.IQueue;

const location = 'projects/kumiko-local/locations/asia-northeast1';
const queue = `${location}/queues/capture-payment`;
const dayMs = 24 * 3600_000;

let stateDir: string;
let endpoint: RecordingEndpoint;
let clock: AdvanceableClock;
let server: TasksServer;
let client: CloudTasksClient;

async function open(options: Partial<TasksOptions> = {}): Promise<void> {
  server = await startTasks({
    port: 0,
    stateDir,
    clock,
    machineClock: clock,
    mintIdToken: async (email, audience) => `${email} for ${audience}`,
    ...options,
  });
  client = new CloudTasksClient({
    projectId: 'kumiko-local',
    apiEndpoint: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
  });
}

async function shut(): Promise<void> {
  await client.close();
  await server.close();
}

const createQueue = (changes: Queue = {}) => client.createQueue({ parent: location, queue: { name: queue, ...changes } });
const retry = (changes: object) => ({
  retryConfig: { minBackoff: { seconds: 1 }, maxBackoff: { seconds: 5 }, maxDoublings: 1, ...changes },
});

async function createTask(id?: string, changes: Task = {}): Promise<Task> {
  const httpRequest = { url: `${endpoint.url}/run`, body: Buffer.from('{}').toString('base64') };
  const [task] = await client.createTask({
    parent: queue,
    task: { ...(id && { name: `${queue}/tasks/${id}` }), httpRequest, ...changes },
  });
  return task;
}

const failsWith = (call: Promise<unknown>, code: status) => expect(call).rejects.toMatchObject({ code });
const gone = (id: string) =>
  vi.waitFor(() => failsWith(client.getTask({ name: `${queue}/tasks/${id}` }), status.NOT_FOUND), { timeout: 30_000, interval: 5 });
const nextDueIn = (ms: number) => expect.poll(() => clock.nextDue(), { interval: 2 }).toBe(clock.now() + ms);
const at = (ms: number) => fromMs(clock.now() + ms);

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-tasks-'));
  endpoint = await startRecordingEndpoint();
  clock = createManualClock();
  await open();
});

afterEach(async () => {
  await shut();
  await endpoint.close();
  rmSync(stateDir, { recursive: true });
});

it('dispatches a task with its body, headers and token, and forgets it', async () => {
  await createQueue();
  await createTask('order-1', {
    httpRequest: {
      url: `${endpoint.url}/run?x=1`,
      headers: { 'Content-Type': 'application/json', 'X-Preview': 'pr-1', 'X-CloudTasks-TaskName': 'forged' },
      body: Buffer.from('{"order":"orders/1"}'),
      oidcToken: { serviceAccountEmail: 'tasks@x', audience: 'https://jobs' },
    },
  });
  const [request] = await endpoint.received(1);
  expect(request).toMatchObject({ method: 'POST', path: '/run?x=1', body: '{"order":"orders/1"}' });
  expect(request?.headers).toMatchObject({
    authorization: 'Bearer tasks@x for https://jobs',
    'content-type': 'application/json',
    'user-agent': 'Google-Cloud-Tasks',
    'x-preview': 'pr-1',
    'x-cloudtasks-queuename': 'capture-payment',
    'x-cloudtasks-taskname': 'order-1',
    'x-cloudtasks-taskretrycount': '0',
    'x-cloudtasks-taskexecutioncount': '0',
    'x-cloudtasks-tasketa': (clock.now() / 1000).toFixed(6),
  });
  await gone('order-1');
});

it('waits for the schedule time', async () => {
  await createQueue();
  await createTask('later', { scheduleTime: at(15 * 60_000) });
  clock.advance(15 * 60_000 - 1);
  expect(endpoint.requests).toHaveLength(0);
  clock.advance(1);
  await endpoint.received(1);
});

it('dispatches at once what was due in the past', async () => {
  await createQueue();
  await createTask('past', { scheduleTime: at(-dayMs) });
  await endpoint.received(1);
});

it('refuses a schedule time beyond 30 days', async () => {
  await createQueue();
  await failsWith(createTask('far', { scheduleTime: at(30 * dayMs + 1000) }), status.INVALID_ARGUMENT);
  await createTask('far', { scheduleTime: at(30 * dayMs) });
});

it('refuses a name while its task waits and for a day after it is over', async () => {
  await createQueue();
  await createTask('once', { scheduleTime: at(1000) });
  await failsWith(createTask('once'), status.ALREADY_EXISTS);
  clock.advance(1000);
  await gone('once');
  await failsWith(createTask('once'), status.ALREADY_EXISTS);
  clock.advance(dayMs - 1);
  await failsWith(createTask('once'), status.ALREADY_EXISTS);
  clock.advance(1);
  await createTask('once');
  await endpoint.received(2);
});

it('remembers used names over a restart', async () => {
  await createQueue();
  await createTask('once');
  await gone('once');
  await shut();
  await open();
  await failsWith(createTask('once'), status.ALREADY_EXISTS);
});

it('answers NOT_FOUND for a missing queue and a missing task', async () => {
  await failsWith(createTask('x'), status.NOT_FOUND);
  await failsWith(client.getQueue({ name: queue }), status.NOT_FOUND);
  await createQueue();
  await failsWith(client.deleteTask({ name: `${queue}/tasks/x` }), status.NOT_FOUND);
});

it.each<[string, Task]>([
  ['another queue’s name', { name: `${location}/queues/other/tasks/x` }],
  ['a dispatch deadline under 15 seconds', { dispatchDeadline: { seconds: 14 } }],
  ['a dispatch deadline over 30 minutes', { dispatchDeadline: { seconds: 1801 } }],
  ['a URL without a scheme', { httpRequest: { url: 'example.com' } }],
  ['a URL of more than 2083 characters', { httpRequest: { url: `http://x/${'y'.repeat(2075)}` } }],
  ['a URL that is longer than 2083 characters once it is encoded', { httpRequest: { url: `http://x/${'é'.repeat(400)}` } }],
  ['headers of 80 KB', { httpRequest: { url: 'http://x', headers: { 'x-y': 'z'.repeat(80 * 1024 - 3) } } }],
  ['a body of 1 MiB, which makes a task of more', { httpRequest: { url: 'http://x', body: Buffer.alloc(1024 * 1024) } }],
  ['an id of more than 500 characters', { name: `${queue}/tasks/${'x'.repeat(501)}` }],
  ['an id with a slash', { name: `${queue}/tasks/x/y` }],
  ['a body on GET', { httpRequest: { url: 'http://x', httpMethod: 'GET', body: Buffer.from('x') } }],
])('refuses %s', async (_, changes) => {
  await createQueue();
  await failsWith(createTask('x', changes), status.INVALID_ARGUMENT);
});

it('retries with waits that double and then grow evenly, and counts', async () => {
  endpoint.answer = () => 500;
  await createQueue(retry({ maxAttempts: 6 }));
  await createTask('x');
  // 1 s, doubled once to 2 s, then growing by 2 s up to the limit of 5 s.
  for (const [index, waitMs] of [1000, 2000, 4000, 5000, 5000].entries()) {
    await endpoint.received(index + 1);
    await nextDueIn(waitMs);
    clock.advance(waitMs);
  }
  const requests = await endpoint.received(6);
  expect(requests.map(({ headers }) => headers['x-cloudtasks-taskretrycount'])).toEqual(['0', '1', '2', '3', '4', '5']);
  await gone('x');
});

it('takes the longest URL, the largest headers and bodies, and the longest id', async () => {
  await createQueue();
  const httpRequest = {
    url: `http://x/${'y'.repeat(2074)}`,
    headers: { 'x-y': 'z'.repeat(80 * 1024 - 4) },
    body: Buffer.alloc(900 * 1024),
  };
  await createTask('i'.repeat(500), { httpRequest, scheduleTime: at(dayMs) });
});

it('counts as executions the answers other than 5xx, and says the one before with an empty reason', async () => {
  const answers = [503, 500, 429, 404, 302, 200];
  endpoint.answer = (_, index) => answers[index] ?? 200;
  await createQueue(retry({ maxBackoff: { seconds: 1 } }));
  await createTask('x');
  for (const attempts of [1, 2, 3, 4, 5]) {
    await endpoint.received(attempts);
    await nextDueIn(1000);
    clock.advance(1000);
  }
  const headers = (await endpoint.received(6)).map((request) => request.headers);
  expect(headers.map((sent) => sent['x-cloudtasks-taskexecutioncount'])).toEqual(['0', '0', '0', '1', '2', '3']);
  expect(headers.map((sent) => sent['x-cloudtasks-taskpreviousresponse'])).toEqual([undefined, '503', '500', '429', '404', '302']);
  expect(headers.map((sent) => sent['x-cloudtasks-taskretryreason'])).toEqual([undefined, '', '', '', '', '']);
});

it('tells a task that could not be delivered from one that was answered too late', async () => {
  await createQueue(retry({}));
  await createTask('x', { httpRequest: { url: 'http://127.0.0.1:9/' } });
  await nextDueIn(1000);
  const [task] = await client.getTask({ name: `${queue}/tasks/x` });
  expect(task).toMatchObject({ responseCount: 0, lastAttempt: { responseStatus: { code: status.UNAVAILABLE } } });
});

it('deletes a task 31 days after its creation', async () => {
  await createQueue();
  await client.pauseQueue({ name: queue });
  await createTask('old');
  clock.advance(dayMs);
  await createTask('younger');
  clock.advance(30 * dayMs);
  await client.resumeQueue({ name: queue });
  const [request] = await endpoint.received(1);
  expect(request?.headers['x-cloudtasks-taskname']).toBe('younger');
  await gone('old');
});

it.each<[string, Queue]>([
  ['more than 500 dispatches per second', { rateLimits: { maxDispatchesPerSecond: 501 } }],
  ['more than 5000 concurrent dispatches', { rateLimits: { maxConcurrentDispatches: 5001 } }],
  ['a negative number of doublings', { retryConfig: { maxDoublings: -1 } }],
  ['a negative back-off', { retryConfig: { minBackoff: { seconds: -1 } } }],
  ['a back-off that ends below its beginning', { retryConfig: { minBackoff: { seconds: 2 }, maxBackoff: { seconds: 1 } } }],
  ['an id of more than 100 characters', { name: `${location}/queues/${'q'.repeat(101)}` }],
])('refuses a queue with %s', async (_, changes) => {
  await failsWith(createQueue(changes), status.INVALID_ARGUMENT);
});

it('shows attempts and their outcome', async () => {
  endpoint.answer = () => 503;
  await createQueue(retry({}));
  await createTask('x');
  await nextDueIn(1000);
  const [task] = await client.getTask({ name: `${queue}/tasks/x` });
  expect(task).toMatchObject({ dispatchCount: 1, responseCount: 1, lastAttempt: { responseStatus: { message: 'HTTP status code 503' } } });
  expect(task.httpRequest?.body).toHaveLength(0);
  const [full] = await client.getTask({ name: `${queue}/tasks/x`, responseView: 'FULL' });
  expect(String(full.httpRequest?.body)).toBe('{}');
});

it('takes no answer within the dispatch deadline for a failure without response', async () => {
  endpoint.answer = (_, index) => (index === 0 ? new Promise<number>(() => {}) : 200);
  await createQueue(retry({}));
  await createTask('x', { dispatchDeadline: { seconds: 15 } });
  await endpoint.received(1);
  clock.advance(15_000);
  await nextDueIn(1000);
  clock.advance(1000);
  const requests = await endpoint.received(2);
  expect(requests[1]?.headers).toMatchObject({
    'x-cloudtasks-taskretrycount': '1',
    'x-cloudtasks-taskexecutioncount': '0',
    'x-cloudtasks-taskpreviousresponse': '504',
    'x-cloudtasks-taskretryreason': '',
  });
});

it('gives up only when both attempts and retry duration are used up', async () => {
  endpoint.answer = () => 500;
  await createQueue(retry({ maxAttempts: 1, maxRetryDuration: { seconds: 3 } }));
  await createTask('x');
  for (const waitMs of [1000, 2000]) {
    await nextDueIn(waitMs);
    clock.advance(waitMs);
  }
  await endpoint.received(3);
  await gone('x');
});

it('keeps to the rate', async () => {
  await createQueue({ rateLimits: { maxDispatchesPerSecond: 2 } });
  for (const id of ['a', 'b', 'c']) await createTask(id);
  await endpoint.received(1);
  await gone('a');
  expect(endpoint.requests).toHaveLength(1);
  clock.advance(500);
  await gone('b');
  expect(endpoint.requests).toHaveLength(2);
  clock.advance(500);
  await endpoint.received(3);
});

it('dispatches no more than its limit at one time', async () => {
  const answers: ((code: number) => void)[] = [];
  endpoint.answer = () => new Promise((resolve) => answers.push(resolve));
  await createQueue({ rateLimits: { maxConcurrentDispatches: 2 } });
  for (const id of ['a', 'b', 'c']) await createTask(id);
  await endpoint.received(2);
  expect(answers).toHaveLength(2);
  answers[0]?.(200);
  await endpoint.received(3);
  for (const answer of answers) answer(200);
});

it('dispatches nothing while paused, everything after, and what is run by hand at any time', async () => {
  await createQueue();
  expect((await client.pauseQueue({ name: queue }))[0].state).toBe('PAUSED');
  await createTask('a');
  await createTask('b');
  await client.runTask({ name: `${queue}/tasks/b` });
  const [first] = await endpoint.received(1);
  expect(first?.headers['x-cloudtasks-taskname']).toBe('b');
  await gone('b');
  await client.resumeQueue({ name: queue });
  const requests = await endpoint.received(2);
  expect(requests[1]?.headers['x-cloudtasks-taskname']).toBe('a');
});

it('purges and deletes', async () => {
  await createQueue();
  for (const id of ['a', 'b', 'c']) await createTask(id, { scheduleTime: at(1000) });
  await client.deleteTask({ name: `${queue}/tasks/a` });
  expect((await client.listTasks({ parent: queue }))[0].map(({ name }) => name)).toEqual([`${queue}/tasks/b`, `${queue}/tasks/c`]);
  const [purged] = await client.purgeQueue({ name: queue });
  expect(Number(purged.purgeTime?.seconds)).toBe(clock.now() / 1000);
  clock.advance(dayMs);
  expect((await client.listTasks({ parent: queue }))[0]).toEqual([]);
  expect(endpoint.requests).toHaveLength(0);
});

it('dispatches after a restart what was waiting or under way', async () => {
  await createQueue();
  endpoint.answer = () => new Promise<number>(() => {});
  await createTask('under-way');
  await endpoint.received(1);
  await createTask('waiting', { scheduleTime: at(1000) });
  await shut();
  endpoint.answer = () => 200;
  await open({ held: true });
  expect(endpoint.requests).toHaveLength(1);
  server.release();
  await endpoint.received(2);
  clock.advance(1000);
  const requests = await endpoint.received(3);
  expect(requests.slice(1).map(({ headers }) => headers['x-cloudtasks-taskname'])).toEqual(['under-way', 'waiting']);
});

it('has defaults, lists queues and changes what the mask names', async () => {
  const [created] = await createQueue();
  expect(created).toMatchObject({
    state: 'RUNNING',
    rateLimits: { maxDispatchesPerSecond: 500, maxBurstSize: 100, maxConcurrentDispatches: 1000 },
    retryConfig: { maxAttempts: 100, maxDoublings: 16 },
  });
  await failsWith(createQueue(), status.ALREADY_EXISTS);
  const change = { name: queue, rateLimits: { maxConcurrentDispatches: 3 }, retryConfig: { maxAttempts: 7 } };
  const [changed] = await client.updateQueue({ queue: change, updateMask: { paths: ['rate_limits.max_concurrent_dispatches'] } });
  expect(changed.rateLimits?.maxConcurrentDispatches).toBe(3);
  expect(changed.retryConfig?.maxAttempts).toBe(100);
  expect((await client.listQueues({ parent: location }))[0].map(({ name }) => name)).toEqual([queue]);
});
