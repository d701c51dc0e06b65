import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { timestampNow } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startPubsub } from '../deploy/local/cloud/pubsub/start-pubsub.ts';
import { startTasks } from '../deploy/local/cloud/tasks/start-tasks.ts';
import { location } from '../deploy/local/platform/place.ts';
import { ensureTopology } from '../deploy/local/platform/topology.ts';
import { systemClock } from '../deploy/local/shared/local-server.ts';
import { compileBootstrap } from '../gateway/bootstrap/compile-bootstrap.ts';
import type { Preview } from '../gateway/bootstrap/previews.ts';
import { environmentOf } from '../gateway/conformance/local-environment.ts';
import { startMetadataServer } from '../gateway/conformance/metadata-server.ts';
import { project, startTokenAuthority } from '../gateway/conformance/tokens.ts';
import { startToldPreviews, type ToldPreviews } from '../gateway/control-plane/testing/told-previews.ts';
import { startEnvoy } from '../gateway/envoy/start-envoy.ts';
import type { InventorySync } from '../services/job/inventory-sync.ts';
import type { Owners } from '../services/job/owners.ts';
import { jobService } from '../services/job/service.ts';
import { type RunningService, type StartContext, startService } from '../services/platform/chassis/process/start-service.ts';
import { type Binding, bind } from '../services/platform/chassis/server/bind.ts';
import { connectServices } from '../services/platform/cloud/connect-services.ts';
import { createEventPublisher, type EventPublisher } from '../services/platform/cloud/events/event-publisher.ts';
import { createTaskQueue } from '../services/platform/cloud/tasks/task-queue.ts';
import { EventSchema } from '../services/platform/contracts/gen/types/kumiko/event/v1/event_pb.js';
import { JobAdminService, OperationsService } from '../services/platform/contracts/gen/types/kumiko/job/v1/admin_pb.js';
import { JobService } from '../services/platform/contracts/gen/types/kumiko/job/v1/job_pb.js';
import { PartnerAdminService, PartnerTokenService } from '../services/platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';
import { PartnerInternalService } from '../services/platform/contracts/gen/types/kumiko/partner/v1/internal_pb.js';
import { PartnerService } from '../services/platform/contracts/gen/types/kumiko/partner/v1/partner_pb.js';
import { MaintenanceService } from '../services/platform/contracts/gen/types/kumiko/platform/v1/maintenance_pb.js';
import { type Principal, serviceAccountEmail } from '../services/platform/contracts/identities.ts';
import { previewAttribute } from '../services/platform/contracts/preview.ts';
import { listTriggers } from '../services/platform/contracts/triggers.ts';
import { stub, testEnv } from '../services/platform/testing/test-service.ts';

// Messages that carry a preview go through Pub/Sub, the jobs gateway, the job service, owners and tasks, while the previews come and go. Of the whole
// platform these parts run, on free ports; what a revision does is written down in the place of a database that all revisions share.
const messages = Number(process.env['PREVIEW_MESSAGES'] ?? 600);
const changes = Number(process.env['PREVIEW_CHANGES'] ?? 12);
vi.setConfig({ testTimeout: 600_000, hookTimeout: 120_000 });

const standard = 'the default';
const tags = ['pr-1', 'pr-2'] as const;
/** What messages ask for: nothing, either preview, or one that never is. */
const keys = [undefined, ...tags, 'pr-9'] as const;
type Key = (typeof keys)[number];

interface Handled {
  readonly id: string;
  readonly revision: string;
}

/** Every time that something was done, in order. */
let handled: Handled[] = [];
/** Messages whose first doing is answered with an error though it is done. */
const answersLost = new Set<string>();
const stopping: (() => unknown)[] = [];
let controlPlane: ToldPreviews;
let publisher: EventPublisher;
/** Where the previews are, whether or not they are told. */
const places: Preview[] = [];
const manifest = { variables: {} };

/** Does the work of a message. */
async function handle(id: string, revision: string): Promise<object> {
  handled.push({ id, revision });
  if (answersLost.delete(id)) throw new Error('done, and not answered');
  return {};
}

beforeAll(async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'kumiko-messages-'));
  stopping.push(() => rmSync(stateDir, { recursive: true }));
  const authority = await startTokenAuthority();
  controlPlane = await startToldPreviews();
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  // As Cloud Run leaves it once it has checked it.
  const checked = (principal: Principal) => {
    const claims = { iss: 'https://accounts.google.com', email: serviceAccountEmail(principal, project), email_verified: true };
    return `${part({ alg: 'RS256' })}.${part({ ...claims, exp: Math.floor(Date.now() / 1000) + 3_600 })}.SIGNATURE_REMOVED_BY_GOOGLE`;
  };
  const metadata = await startMetadataServer(async () => checked('jobs-gateway'), new Set());
  const token = (as: 'subscription' | 'queue') => () => authority.token({ as });
  const pubsub = await startPubsub({ port: 0, stateDir, clock: systemClock, mintIdToken: token('subscription') });
  const tasks = await startTasks({ port: 0, stateDir, clock: systemClock, mintIdToken: token('queue') });
  process.env['PUBSUB_EMULATOR_HOST'] = `127.0.0.1:${pubsub.port}`;
  process.env['METADATA_SERVER_DETECTION'] = 'none';
  publisher = createEventPublisher({ project });

  const jwksUri = `http://127.0.0.1:${authority.port}/jwks.json`;
  const env = { ...testEnv(jwksUri), GOOGLE_CLOUD_PROJECT: project, LOG_LEVEL: 'fatal' };
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const revision = (
    name: 'job' | 'partner',
    tag: string | undefined,
    bindings: (context: StartContext<typeof manifest>) => Promise<readonly Binding[]>,
  ): Promise<RunningService> =>
    startService(
      {
        name,
        manifest,
        start: async (context) => ({ bindings: [...(await bindings(context)), bind(MaintenanceService, stub(MaintenanceService, {}))] }),
      },
      { env: { ...env, K_REVISION: tag ?? standard }, destination: { write: () => {} } },
    );
  const all = async (start: (tag: string | undefined) => Promise<RunningService>) => {
    const [first, ...others] = await Promise.all([undefined, ...tags].map(start));
    return { standard: first!, previews: others, all: [first!, ...others] };
  };

  const partners = await all((tag) =>
    revision('partner', tag, async () => [
      bind(PartnerService, stub(PartnerService, {})),
      bind(PartnerAdminService, stub(PartnerAdminService, {})),
      bind(PartnerTokenService, stub(PartnerTokenService, {})),
      bind(PartnerInternalService, stub(PartnerInternalService, { applyEvent: ({ event }) => handle(event?.id ?? '', tag ?? standard) })),
    ]),
  );
  const gateway = Promise.withResolvers<string>();
  const jobs = await all((tag) =>
    revision('job', tag, async ({ logger }) => {
      const config = {
        SERVICE_URLS: { partner: url(partners.standard.port) },
        CONTROL_PLANE_URL: controlPlane.url,
        GOOGLE_CLOUD_PROJECT: project,
      };
      const services = connectServices(config, logger, { header: async () => `Bearer ${checked('job')}` });
      const queue = createTaskQueue({
        project,
        location,
        jobsGatewayUrl: await gateway.promise,
        endpoint: `127.0.0.1:${tasks.port}`,
        now: () => new Date(),
      });
      stopping.push(services.close, queue.close);
      const owners = { partner: services.client(PartnerInternalService) } as Owners;
      const handlers = jobService({ owners, tasks: queue, inventorySync: {} as InventorySync, runAlone: (_, work) => work() });
      const voidPayment = ({ order }: { order: string }) => handle(order.slice('orders/'.length), tag ?? standard);
      return [
        bind(JobService, { ...handlers, voidPayment }),
        bind(JobAdminService, stub(JobAdminService, {})),
        bind(OperationsService, stub(OperationsService, {})),
      ];
    }),
  );
  for (const [service, { previews }] of Object.entries({ partner: partners, job: jobs })) {
    for (const [index, tag] of tags.entries()) places.push({ service, tag, url: url(previews[index]!.port) });
  }

  const environment = {
    ...environmentOf({ upstream: { port: jobs.standard.port } as Parameters<typeof environmentOf>[0]['upstream'], authority }),
    metadataServer: { host: '127.0.0.1', port: metadata.port },
    previews: { controlPlane: controlPlane.url },
  };
  const envoy = await startEnvoy(compileBootstrap({ role: 'jobs', environment }), { folder: stateDir });
  const jobsGatewayUrl = url(envoy.ports['jobs']!);
  gateway.resolve(jobsGatewayUrl);
  await Promise.all([...partners.all, ...jobs.all].map(({ started }) => started));
  // Schedules are for other tests; and nobody waits here for what is tried again.
  const triggers = listTriggers()
    .filter(({ kind }) => kind !== 'schedule')
    .map((trigger) => ({ ...trigger, minBackoffMs: 20, maxBackoffMs: 100, maxDispatchesPerSecond: 500 }));
  ensureTopology({ pubsub, tasks, scheduler: undefined as never, project, location, jobsGatewayUrl, triggers });

  stopping.unshift(
    () => publisher.close(),
    () => pubsub.close(),
    () => tasks.close(),
    () => envoy.close(),
    ...[...jobs.all, ...partners.all].map((service) => () => service.stop()),
    () => controlPlane.close(),
    () => metadata.close(),
    () => authority.close(),
  );
  // The first way through has everything load.
  await Promise.all([publish('warm-event', undefined), publish('warm-task', undefined)]);
  await doneAre(2);
});

afterAll(async () => {
  for (const stop of stopping) await stop();
});

/** Publishes what asks for this preview of both services. Every other message is an event for its owner, the others become tasks. */
async function publish(id: string, key: Key): Promise<void> {
  const isTask = id.endsWith('task');
  const event = create(EventSchema, {
    id,
    aggregate: `orders/${id}`,
    version: 1n,
    occurredAt: timestampNow(),
    payload: isTask ? { case: 'paymentVoidRequested', value: {} } : { case: 'orderCancelled', value: {} },
  });
  await publisher.publish('order-events', {
    data: toBinary(EventSchema, event),
    attributes: { event_id: id, ...(key !== undefined && { [previewAttribute]: `partner=${key},job=${key}` }) },
    orderingKey: event.aggregate,
  });
}

const doneAre = (count: number) =>
  vi.waitFor(() => expect(new Set(handled.map(({ id }) => id)).size).toBe(count), { timeout: 300_000, interval: 10 });
const idOf = (name: string, index: number) => `${name}-${index}-${index % 2 === 0 ? 'event' : 'task'}`;
const tell = (there: readonly string[]) => controlPlane.tell(places.filter(({ tag }) => there.includes(tag)));

/** Publishes messages of all keys; which revision has done each, in the order of the messages. */
async function sent(name: string, count: number): Promise<{ key: Key; revision: string | undefined }[]> {
  handled = [];
  await Promise.all(Array.from({ length: count }, (_, index) => publish(idOf(name, index), keyOf(index))));
  await doneAre(count);
  return Array.from({ length: count }, (_, index) => ({
    key: keyOf(index),
    revision: handled.find(({ id }) => id === idOf(name, index))?.revision,
  }));
}

/** Events and tasks of each key in turn. */
const keyOf = (index: number): Key => keys[Math.floor(index / 2) % keys.length];

/** A name is used once: a second task of one is none. */
let rounds = 0;

/** Sends a few messages until they meet what is there: gateways and services have learnt it. */
async function settled(there: readonly string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const met = await sent(`settled${rounds++}`, 2 * keys.length);
      expect(met).toEqual(met.map(({ key }) => ({ key, revision: key !== undefined && there.includes(key) ? key : standard })));
    },
    { timeout: 60_000, interval: 20 },
  );
}

test('a message meets the preview that it asks for where there is one, and the default where there is none', async () => {
  for (const there of [[], ['pr-1'], ['pr-1', 'pr-2'], []]) {
    tell(there);
    await settled(there);
  }
});

test(`while previews come and go ${changes} times, of ${messages} messages none is lost, none is done twice, and none by another's preview`, async () => {
  handled = [];
  const published: Promise<void>[] = [];
  for (let change = 0; change < changes; change++) {
    tell(tags.filter((_, index) => ((change + 1) >> index) % 2 === 1));
    const end = Math.floor((messages * (change + 1)) / changes);
    while (published.length < end) published.push(publish(idOf('moving', published.length), keyOf(published.length)));
    // The next change comes in the middle of what this one meets.
    const soFar = published.length - Math.floor(messages / changes / 2);
    await vi.waitFor(() => expect(handled.length).toBeGreaterThanOrEqual(soFar), { timeout: 60_000, interval: 2 });
  }
  await Promise.all(published);
  await doneAre(messages);
  const times = Map.groupBy(handled, ({ id }) => id);
  expect([...times].filter(([, each]) => each.length > 1)).toEqual([]);
  const wrong = Array.from({ length: messages }, (_, index) => ({ key: keyOf(index), by: times.get(idOf('moving', index))![0]!.revision }));
  expect(wrong.filter(({ key, by }) => by !== standard && by !== key)).toEqual([]);
  for (const revision of [standard, ...tags])
    expect(handled.filter((each) => each.revision === revision).length).toBeGreaterThan(messages / 50);
});

test('what was done without an answer is done again, known by its id, though its preview has gone meanwhile', async () => {
  tell(tags);
  await settled(tags);
  handled = [];
  const ids = Array.from({ length: 40 }, (_, index) => idOf('again', index));
  for (const id of ids) answersLost.add(id);
  const done = (count: number) => vi.waitFor(() => expect(handled.length).toBeGreaterThanOrEqual(count), { timeout: 60_000, interval: 2 });
  const publishing = ids.map((id, index) => publish(id, keyOf(index)));
  await done(1);
  tell([]);
  await Promise.all(publishing);
  await done(2 * ids.length);
  const times = Map.groupBy(handled, ({ id }) => id);
  expect([...times.keys()].toSorted()).toEqual(ids.toSorted());
  expect([...times.values()].every((each) => each.length === 2)).toBe(true);
  for (const [index, id] of ids.entries()) {
    for (const { revision } of times.get(id)!) expect([standard, keyOf(index)]).toContain(revision);
  }
});
