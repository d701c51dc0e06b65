import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RecordingEndpoint, startRecordingEndpoint } from '../../../../tests/recording-endpoint.ts';
import { type AdvanceableClock, createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { defaultRetry, type JobSpec } from './job.ts';
import { type SchedulerOptions, type SchedulerServer, startScheduler } from './start-scheduler.ts';

const parent = 'projects/kumiko-local/locations/asia-northeast1';
const minuteMs = 60_000;

let stateDir: string;
let endpoint: RecordingEndpoint;
let clock: AdvanceableClock;
let server: SchedulerServer;

const job = (changes: Partial<JobSpec> = {}): JobSpec => ({
  name: `${parent}/jobs/relay-outbox`,
  schedule: '*/5 * * * *',
  timeZone: 'UTC',
  uri: `${endpoint.url}/relay`,
  headers: { 'content-type': 'application/json' },
  body: '{}',
  oidcToken: null,
  attemptDeadlineMs: 15_000,
  retry: defaultRetry,
  ...changes,
});

async function open(jobs: readonly JobSpec[], options: Partial<SchedulerOptions> = {}): Promise<void> {
  server = await startScheduler({
    port: 0,
    stateDir,
    clock,
    mintIdToken: async (email, audience) => `${email} for ${audience}`,
    jobs,
    ...options,
  });
}

async function call(method: string, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/${parent}/jobs${path}`, { method });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const finished = () => expect.poll(() => server.jobs.job(job().name).state.status, { interval: 2 }).not.toBeNull();

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-scheduler-'));
  endpoint = await startRecordingEndpoint();
  clock = createManualClock(Date.UTC(2026, 0, 1, 0, 1));
});

afterEach(async () => {
  await server.close();
  await endpoint.close();
  rmSync(stateDir, { recursive: true });
});

it('fires by cron with token and headers', async () => {
  await open([job({ oidcToken: { serviceAccountEmail: 'scheduler@x', audience: 'https://jobs' } })]);
  clock.advance(4 * minuteMs - 1);
  expect(endpoint.requests).toHaveLength(0);
  clock.advance(1);
  const [request] = await endpoint.received(1);
  expect(request).toMatchObject({ method: 'POST', path: '/relay', body: '{}' });
  expect(request?.headers).toMatchObject({
    authorization: 'Bearer scheduler@x for https://jobs',
    'content-type': 'application/json',
    'user-agent': 'Google-Cloud-Scheduler',
    'x-cloudscheduler': 'true',
    'x-cloudscheduler-jobname': 'relay-outbox',
    'x-cloudscheduler-scheduletime': '2026-01-01T00:05:00.000Z',
  });
  await finished();
  clock.advance(5 * minuteMs);
  await endpoint.received(2);
});

it('writes its own headers over those of a job, and a content type only where there is a body', async () => {
  const headers = {
    'Content-Type': 'text/plain',
    'X-CloudScheduler-JobName': 'forged',
    'X-Google-Batch': '1',
    Host: 'elsewhere',
    'X-Mine': 'kept',
  };
  await open([job({ headers }), job({ name: `${parent}/jobs/bare`, headers: {}, body: '' })]);
  clock.advance(4 * minuteMs);
  const requests = await endpoint.received(2);
  const [own, bare] = ['relay-outbox', 'bare'].map((name) => requests.find((sent) => sent.headers['x-cloudscheduler-jobname'] === name));
  expect(own?.headers).toMatchObject({ 'content-type': 'text/plain', 'x-mine': 'kept', host: new URL(endpoint.url).host });
  expect(own?.headers).not.toHaveProperty('x-google-batch');
  expect(bare?.headers).not.toHaveProperty('content-type');
});

it('reads the cron in its time zone, over a change of summer time', async () => {
  await open([job({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin' })]);
  const next = () => server.jobs.job(job().name).nextMs;
  expect(next()).toBe(Date.UTC(2026, 0, 1, 1, 30));
  clock.advance(Date.UTC(2026, 5, 1) - clock.now());
  expect(next()).toBe(Date.UTC(2026, 5, 1, 0, 30));
});

it('retries a failed attempt with growing waits, then leaves it to the next tick', async () => {
  endpoint.answer = () => 500;
  await open([job({ retry: { ...defaultRetry, retryCount: 2, minBackoffMs: 1000 } })]);
  clock.advance(4 * minuteMs);
  for (const [index, waitMs] of [1000, 2000].entries()) {
    await endpoint.received(index + 1);
    await expect.poll(() => clock.nextDue(), { interval: 2 }).toBe(clock.now() + waitMs);
    clock.advance(waitMs);
  }
  await endpoint.received(3);
  await expect.poll(() => clock.nextDue(), { interval: 2 }).toBe(Date.UTC(2026, 0, 1, 0, 10));
  expect(server.jobs.job(job().name).state.status).toEqual({ code: 2, message: 'HTTP status code 500' });
});

it('ends an attempt at its deadline', async () => {
  endpoint.answer = () => new Promise<number>(() => {});
  await open([job()], { machineClock: clock });
  clock.advance(4 * minuteMs);
  await endpoint.received(1);
  clock.advance(15_000);
  await finished();
  expect(server.jobs.job(job().name).state.status?.message).toMatch(/no answer within 15000 ms/);
});

it('lets ticks pass while an execution is under way, which does not end when the clock is advanced', async () => {
  let answer = (_status: number) => {};
  endpoint.answer = () =>
    new Promise<number>((resolve) => {
      answer = resolve;
    });
  await open([job()]);
  clock.advance(4 * minuteMs);
  await endpoint.received(1);
  clock.advance(5 * minuteMs);
  expect((await call('POST', '/relay-outbox:run')).status).toBe(409);
  answer(200);
  await finished();
  expect(endpoint.requests).toHaveLength(1);
  clock.advance(5 * minuteMs);
  await endpoint.received(2);
  answer(200);
});

it('runs now, pauses and resumes over its API', async () => {
  await open([job()]);
  expect((await call('POST', '/relay-outbox:pause')).body).toMatchObject({ state: 'PAUSED' });
  clock.advance(60 * minuteMs);
  expect(endpoint.requests).toHaveLength(0);
  await call('POST', '/relay-outbox:run');
  await endpoint.received(1);
  await finished();
  const resumed = await call('POST', '/relay-outbox:resume');
  expect(resumed.body).toMatchObject({ state: 'ENABLED', scheduleTime: '2026-01-01T01:05:00.000Z' });
  clock.advance(4 * minuteMs);
  await endpoint.received(2);
});

it('lists jobs and answers 404 for what is not there', async () => {
  await open([job(), job({ name: `${parent}/jobs/sync-inventory`, timeZone: 'Asia/Tokyo' })]);
  const { body } = await call('GET', '');
  expect(body['jobs']).toMatchObject([
    {
      name: `${parent}/jobs/relay-outbox`,
      schedule: '*/5 * * * *',
      attemptDeadline: '15s',
      httpTarget: { httpMethod: 'POST', body: 'e30=' },
    },
    { name: `${parent}/jobs/sync-inventory`, timeZone: 'Asia/Tokyo' },
  ]);
  const first = await call('GET', '?pageSize=1');
  expect(first.body['jobs']).toHaveLength(1);
  const second = await call('GET', `?pageSize=1&pageToken=${first.body['nextPageToken']}`);
  expect(second.body).toMatchObject({ jobs: [{ name: `${parent}/jobs/sync-inventory` }] });
  expect(await call('GET', '/other')).toMatchObject({ status: 404, body: { error: { status: 'NOT_FOUND' } } });
  expect((await call('DELETE', '/relay-outbox')).status).toBe(404);
});

it('stays paused over a restart, with its target replaced', async () => {
  await open([job()]);
  await call('POST', '/relay-outbox:pause');
  await server.close();
  await open([job({ uri: `${endpoint.url}/moved` })]);
  const { body } = await call('GET', '/relay-outbox');
  expect(body).toMatchObject({ state: 'PAUSED', httpTarget: { uri: `${endpoint.url}/moved` } });
});

it('fires nothing while held', async () => {
  await open([job()], { held: true });
  clock.advance(60 * minuteMs);
  expect(endpoint.requests).toHaveLength(0);
  server.release();
  clock.advance(5 * minuteMs);
  await endpoint.received(1);
});

it.each<[string, Partial<JobSpec>]>([
  ['a cron with six fields', { schedule: '* * * * * *' }],
  ['an unknown time zone', { timeZone: 'Mars/Olympus' }],
  ['an attempt deadline over 30 minutes', { attemptDeadlineMs: 31 * minuteMs }],
  ['an attempt deadline under 15 seconds', { attemptDeadlineMs: 14_999 }],
  ['an id of more than 500 characters', { name: `${parent}/jobs/${'x'.repeat(501)}` }],
  ['an id with a dot', { name: `${parent}/jobs/relay.outbox` }],
  ['a target without a scheme', { uri: '127.0.0.1/relay' }],
  ['a target of more than 2083 characters', { uri: `http://x/${'y'.repeat(2075)}` }],
  ['headers of 80 KB', { headers: { 'x-y': 'z'.repeat(80 * 1024 - 3) } }],
  ['a job of more than 1 MiB', { body: 'x'.repeat(1024 * 1024) }],
  ['more than 5 retries', { retry: { ...defaultRetry, retryCount: 6 } }],
  ['a negative back-off', { retry: { ...defaultRetry, minBackoffMs: -1 } }],
  ['a back-off that ends below its beginning', { retry: { ...defaultRetry, maxBackoffMs: 4_999 } }],
])('refuses %s', async (_, changes) => {
  await open([]);
  expect(() => server.jobs.put(job(changes))).toThrow();
});

it('takes the longest target, the largest headers and bodies, and the longest id', async () => {
  await open([]);
  server.jobs.put(
    job({
      name: `${parent}/jobs/${'x'.repeat(500)}`,
      uri: `http://x/${'y'.repeat(2074)}`,
      headers: { 'x-y': 'z'.repeat(80 * 1024 - 4) },
      body: 'x'.repeat(900 * 1024),
      retry: { ...defaultRetry, retryCount: 5 },
    }),
  );
});
