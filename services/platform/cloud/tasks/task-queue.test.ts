import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudTasksClient, type protos } from '@google-cloud/tasks';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTasks, type TasksServer } from '../../../../deploy/local/cloud/tasks/start-tasks.ts';
import { systemClock } from '../../../../deploy/local/shared/local-server.ts';
import { DeskService } from '../../testing/fixture/gen/types/sample/desk/v1/desk_pb.js';
import { createTaskQueue, type TaskQueue, type TaskQueueConfig } from './task-queue.ts';

const parent = 'projects/kumiko-test/locations/asia-northeast1';
const stateDir = mkdtempSync(join(tmpdir(), 'task-queue-'));
let server: TasksServer;
let tasks: TaskQueue;
let client: CloudTasksClient;

beforeAll(async () => {
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  server = await startTasks({ port: 0, stateDir, clock: systemClock, mintIdToken: async () => '', held: true });
  server.queues.createQueue(parent, { name: `${parent}/queues/send-reminder`, rateLimits: null, retryConfig: null });
  client = new CloudTasksClient({
    projectId: 'kumiko-test',
    apiEndpoint: '127.0.0.1',
    port: server.port,
    sslCreds: credentials.createInsecure(),
  });
  tasks = openQueue({});
});

function openQueue(changes: Partial<TaskQueueConfig>): TaskQueue {
  return createTaskQueue({
    project: 'kumiko-test',
    location: 'asia-northeast1',
    jobsGatewayUrl: 'http://127.0.0.1:8080',
    endpoint: `127.0.0.1:${server.port}`,
    now: () => new Date(),
    ...changes,
  });
}

afterAll(async () => {
  await tasks?.close();
  await client?.close();
  await server?.close();
  rmSync(stateDir, { recursive: true });
});

test("creates a task that calls the method's path at the jobs gateway as the tasks account", async () => {
  const at = new Date(Date.now() + 60_000);
  const result = await tasks.enqueue(
    DeskService.method.sendReminder,
    { loan: 'loans/o1' },
    { id: 'o1', at, headers: { 'x-preview': 'pr-1' } },
  );
  expect(result).toBe('created');
  const task = await storedTask('o1');
  expect(task?.httpRequest).toMatchObject({
    httpMethod: 'POST',
    url: 'http://127.0.0.1:8080/v1/tasks/send-reminder',
    headers: { 'content-type': 'application/json', 'x-preview': 'pr-1' },
    oidcToken: {
      serviceAccountEmail: 'sample-tasks@kumiko-test.iam.gserviceaccount.com',
      audience: 'https://jobs.kumiko-test.sample.internal',
    },
  });
  expect(JSON.parse(String(task?.httpRequest?.body))).toEqual({ loan: 'loans/o1' });
  expect(Number(task?.scheduleTime?.seconds)).toBe(Math.floor(at.getTime() / 1000));
  expect(Number(task?.dispatchDeadline?.seconds)).toBe(32);
});

test('creates a task of one id once', async () => {
  const enqueue = () => tasks.enqueue(DeskService.method.sendReminder, { loan: 'loans/o2' }, { id: 'o2' });
  expect(await enqueue()).toBe('created');
  expect(await enqueue()).toBe('exists');
});

test('finds a task that is not done, and none that is not there', async () => {
  const at = new Date(Date.now() + 90_500);
  await tasks.enqueue(DeskService.method.sendReminder, { loan: 'loans/o9' }, { id: 'o9', at });
  expect(await tasks.find(DeskService.method.sendReminder, 'o9')).toEqual({ dueTime: at, attempts: 0 });
  expect(await tasks.find(DeskService.method.sendReminder, 'none')).toBeUndefined();
  await expect(tasks.find(DeskService.method.handleEvent, 'o9')).rejects.toThrow('HandleEvent has no queue trigger');
});

test('creates nothing beyond the horizon of Cloud Tasks', async () => {
  const at = new Date(Date.now() + 31 * 24 * 3_600_000);
  expect(await tasks.enqueue(DeskService.method.sendReminder, { loan: 'loans/o3' }, { id: 'o3', at })).toBe('beyond-horizon');
  expect(await storedTask('o3')).toBeUndefined();
});

test('names the queue that is missing', async () => {
  await expect(tasks.enqueue(DeskService.method.chargeFee, { loan: 'loans/o4' }, { id: 'o4' })).rejects.toThrow(
    'Cloud Tasks queue "charge-fee": 5 NOT_FOUND',
  );
});

test('refuses a method without a queue and an id that Cloud Tasks would refuse', async () => {
  await expect(tasks.enqueue(DeskService.method.relayOutbox, {}, { id: 'a' })).rejects.toThrow(
    'sample.desk.v1.DeskService.RelayOutbox has no queue trigger',
  );
  await expect(tasks.enqueue(DeskService.method.sendReminder, { loan: 'loans/o5' }, { id: 'loans/o5' })).rejects.toThrow(
    'task id "loans/o5"',
  );
});

test.each<[string, { readonly loan: string; readonly headers?: Record<string, string>; readonly gateway?: string }, RegExp]>([
  ['a request', { loan: 'o'.repeat(100 * 1024) }, /^task "large" has \d+ bytes, Cloud Tasks takes at most 102400$/],
  [
    'headers',
    { loan: 'loans/o6', headers: { 'x-large': 'h'.repeat(80 * 1024) } },
    /headers have \d+ bytes, Cloud Tasks takes less than 81920$/,
  ],
  ['a URL', { loan: 'loans/o6', gateway: `http://${'g'.repeat(2054)}` }, /URL has \d+ characters, Cloud Tasks takes at most 2083$/],
])('refuses %s that Cloud Tasks would refuse, before it is sent', async (_what, { loan, headers, gateway }, message) => {
  const queue = gateway === undefined ? tasks : openQueue({ jobsGatewayUrl: gateway });
  const refused = queue.enqueue(DeskService.method.sendReminder, { loan }, { id: 'large', ...(headers && { headers }) });
  await expect(refused).rejects.toThrow(message);
  expect(await storedTask('large')).toBeUndefined();
  if (queue !== tasks) await queue.close();
});

async function storedTask(id: string): Promise<protos.google.cloud.tasks.v2.ITask | undefined> {
  const name = `${parent}/queues/send-reminder`;
  const [listed] = await client.listTasks({ parent: name, responseView: 'FULL' });
  return listed.find((task) => task.name === `${name}/tasks/${id}`);
}
