import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PubSub } from '@google-cloud/pubsub';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { audienceOf, serviceAccountEmail } from '../../../services/platform/contracts/identities.ts';
import { eventTopics } from '../../../services/platform/contracts/services.ts';
import { listTriggers } from '../../../services/platform/contracts/triggers.ts';
import { startRecordingEndpoint } from '../../../tests/recording-endpoint.ts';
import { type PubsubServer, startPubsub } from '../cloud/pubsub/start-pubsub.ts';
import { type SchedulerServer, startScheduler } from '../cloud/scheduler/start-scheduler.ts';
import { startTasks, type TasksServer } from '../cloud/tasks/start-tasks.ts';
import { createManualClock } from '../shared/clock/advanceable-clock.ts';
import { ensureTopology } from './topology.ts';

vi.stubEnv('METADATA_SERVER_DETECTION', 'none');

const project = 'kumiko-local';
const location = 'asia-northeast1';

let stateDir: string;
let pubsub: PubsubServer;
let tasks: TasksServer;
let scheduler: SchedulerServer;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-topology-'));
  const options = { port: 0, stateDir, clock: createManualClock(), mintIdToken: async () => 'token' };
  [pubsub, tasks, scheduler] = await Promise.all([startPubsub(options), startTasks(options), startScheduler(options)]);
});

afterEach(async () => {
  await Promise.all([pubsub.close(), tasks.close(), scheduler.close()]);
  rmSync(stateDir, { recursive: true });
});

const ensure = (jobsGatewayUrl: string) => ensureTopology({ pubsub, tasks, scheduler, project, location, jobsGatewayUrl });

it('sets up every trigger of the protos', () => {
  ensure('http://127.0.0.1:8082');
  const triggers = listTriggers();
  expect(triggers.length).toBeGreaterThan(0);
  for (const trigger of triggers) {
    if (trigger.kind === 'queue') {
      const queue = tasks.queues.queue(`projects/${project}/locations/${location}/queues/${trigger.resourceId}`);
      expect(queue.retryConfig.maxAttempts).toBe(trigger.maxAttempts);
      expect(queue.rateLimits.maxConcurrentDispatches).toBe(trigger.maxConcurrentDispatches);
    } else if (trigger.kind === 'schedule') {
      const { spec } = scheduler.jobs.job(`projects/${project}/locations/${location}/jobs/${trigger.resourceId}`);
      expect(spec).toMatchObject({ uri: `http://127.0.0.1:8082${trigger.path}`, schedule: trigger.cron, body: '{}' });
      expect(spec.oidcToken?.serviceAccountEmail).toBe(serviceAccountEmail('scheduler', project));
    } else {
      const { spec } = pubsub.broker.subscriber(`projects/${project}/subscriptions/${trigger.resourceId}`);
      expect(spec.topic).toBe(`projects/${project}/topics/${trigger.topic}`);
      expect(spec.pushConfig).toEqual({
        pushEndpoint: `http://127.0.0.1:8082${trigger.path}`,
        oidcToken: { serviceAccountEmail: serviceAccountEmail('pubsub', project), audience: audienceOf('jobs', project) },
      });
      expect(spec.deadLetterPolicy?.maxDeliveryAttempts).toBe(trigger.maxDeliveryAttempts);
    }
  }
});

it('has a topic for every event, and a subscription that keeps its dead letters', () => {
  ensure('http://127.0.0.1:8082');
  const topics = pubsub.broker.topics().map(({ name }) => name);
  for (const topic of eventTopics) {
    expect(topics).toContain(`projects/${project}/topics/${topic}`);
    expect(pubsub.broker.subscribersOf(`projects/${project}/topics/job-${topic}-dead-letter`)).toHaveLength(1);
  }
});

it('moves endpoints when repeated, and keeps what waits', async () => {
  const endpoint = await startRecordingEndpoint();
  ensure('http://127.0.0.1:1');
  const client = new PubSub({ projectId: project, apiEndpoint: `127.0.0.1:${pubsub.port}`, emulatorMode: true });
  ensure(endpoint.url);
  await client.topic('group-events').publishMessage({ data: Buffer.from('x') });
  const [request] = await endpoint.received(1);
  expect(request?.path).toBe('/v1/events');
  expect(request?.headers.authorization).toBe('Bearer token');
  await client.close();
  await endpoint.close();
});
