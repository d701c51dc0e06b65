import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RevisionsClient, ServicesClient } from '@google-cloud/run';
import { credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type RunServer, startRun } from '../local/cloud/run/start-run.ts';
import { type AdvanceableClock, createAdvanceableClock } from '../local/shared/clock/advanceable-clock.ts';
import { systemClock } from '../local/shared/local-server.ts';
import { forgetPreviews } from './forget-previews.ts';
import { manyTags, pullRequestOf, reasonToGo } from './forgotten.ts';
import { listTags, removeTag, type TagOptions } from './preview-tags.ts';
import { usedRevisions } from './used-revisions.ts';

// Google's client, and the local cloud's server of the same API.
vi.stubEnv('METADATA_SERVER_DETECTION', 'none');

const parent = 'projects/kumiko-local/locations/asia-northeast1';
const day = 86_400_000;

let stateDir: string;
let clock: AdvanceableClock;
let server: RunServer;
let services: ServicesClient;
let revisions: RevisionsClient;
let options: TagOptions;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-previews-'));
  clock = createAdvanceableClock(systemClock);
  server = await startRun({ port: 0, stateDir, clock, onChange: () => {} });
  const address = { projectId: 'kumiko-local', apiEndpoint: '127.0.0.1', port: server.port, sslCreds: credentials.createInsecure() };
  services = new ServicesClient(address);
  revisions = new RevisionsClient(address);
  options = { client: services, parent, services: ['customer', 'partner', 'unborn'] };
  for (const serviceId of ['customer', 'partner']) {
    const template = { revision: `${serviceId}-first`, containers: [{ image: `${serviceId}:1` }] };
    const [operation] = await services.createService({ parent, serviceId, service: { template } });
    await operation.promise();
  }
});

afterEach(async () => {
  await Promise.all([services.close(), revisions.close()]);
  await server.close();
  rmSync(stateDir, { recursive: true });
});

/** A revision without traffic but for its share, reached by its tag. */
async function deploy(service: string, tag: string, percent = 0): Promise<void> {
  const name = `${parent}/services/${service}`;
  const [{ traffic }] = await services.getService({ name });
  const revision = `${service}-${tag}`;
  const [operation] = await services.updateService({
    service: {
      name,
      template: { revision, containers: [{ image: `${service}:2` }] },
      traffic: [
        ...(traffic ?? []).map((target) => ({ ...target, percent: target.tag ? (target.percent ?? 0) : 100 - percent })),
        { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const, revision, tag, percent },
      ],
    },
    updateMask: { paths: ['template', 'traffic'] },
  });
  await operation.promise();
}

const tags = async () => (await listTags(options)).map(({ service, tag, revision }) => `${service}=${tag} ${revision}`);
const traffic = async (service: string) => (await services.getService({ name: `${parent}/services/${service}` }))[0].trafficStatuses ?? [];

test('the tags of services are listed with their revisions; a service that is not there has none', async () => {
  await deploy('partner', 'pr-1');
  await deploy('customer', 'pr-2');
  expect(await tags()).toEqual(['customer=pr-2 customer-pr-2', 'partner=pr-1 partner-pr-1']);
});

test('a tag is taken away, and nothing else of the traffic', async () => {
  await deploy('partner', 'pr-1');
  await deploy('partner', 'canary', 10);
  expect(await removeTag(options, 'partner', 'pr-1')).toBe(true);
  expect(await tags()).toEqual(['partner=canary partner-canary']);
  expect((await traffic('partner')).map(({ percent }) => percent)).toEqual([90, 10]);
  expect(await removeTag(options, 'partner', 'pr-1')).toBe(false);
  expect(await removeTag(options, 'unborn', 'pr-1')).toBe(false);
  // Of a revision that has a share only the tag goes.
  expect(await removeTag(options, 'partner', 'canary')).toBe(true);
  expect((await traffic('partner')).map(({ percent, tag }) => [percent, tag])).toEqual([
    [90, ''],
    [10, ''],
  ]);
});

test('two who take away tags of one service at the same time both succeed', async () => {
  await deploy('partner', 'pr-1');
  await deploy('partner', 'pr-2');
  expect(await Promise.all([removeTag(options, 'partner', 'pr-1'), removeTag(options, 'partner', 'pr-2')])).toEqual([true, true]);
  expect(await tags()).toEqual([]);
});

test('what is of no open pull request goes, and what no request has met for the idle time', async () => {
  for (const tag of ['pr-1', 'pr-2', 'pr-3']) await deploy('partner', tag);
  await deploy('partner', 'candidate');
  clock.advance(4 * day);
  await deploy('customer', 'pr-3');
  const gone: string[] = [];
  const warning = await forgetPreviews({
    ...options,
    revisions,
    used: new Set(['partner-pr-2']),
    keeping: { open: new Set([2, 3]), now: clock.now(), idleMs: 3 * day },
    onGone: ({ service, tag }, why) => gone.push(`${service}=${tag}: ${why}`),
  });
  expect(gone).toEqual(['partner=pr-1: pull request 1 is not open', expect.stringMatching(/^partner=pr-3: no request since /)]);
  expect(await tags()).toEqual(['customer=pr-3 customer-pr-3', 'partner=pr-2 partner-pr-2', 'partner=candidate partner-candidate']);
  expect(warning).toBeUndefined();
});

test('tags of other kinds stay, whatever is open', () => {
  const keeping = { open: new Set<number>(), now: 10 * day, idleMs: day };
  for (const tag of ['candidate', 'pr-', 'pr-01', 'pr-1a', 'xpr-1']) {
    expect(pullRequestOf(tag)).toBeUndefined();
    expect(reasonToGo({ service: 'partner', tag, revision: 'r', url: '' }, { createdAt: 0, used: false }, keeping)).toBeUndefined();
  }
});

test('four fifths of what Cloud Run keeps is many', () => expect(manyTags).toBe(1_600));

test('use is read from Cloud Monitoring, page by page', async () => {
  const asked: unknown[] = [];
  const pages = [
    {
      timeSeries: [
        { resource: { labels: { revision_name: 'partner-pr-1' } }, points: [{ value: { int64Value: '3' } }] },
        { resource: { labels: { revision_name: 'partner-pr-2' } }, points: [{ value: { int64Value: '0' } }] },
      ],
      nextPageToken: 'more',
    },
    { timeSeries: [{ resource: { labels: { revision_name: 'customer-pr-1' } }, points: [{ value: { int64Value: '1' } }] }] },
  ];
  const client = {
    request: async (query: unknown) => {
      asked.push(query);
      return { data: pages[asked.length - 1] };
    },
  };
  const used = await usedRevisions(client as never, { project: 'p', since: 0, now: 3 * day });
  expect([...used]).toEqual(['partner-pr-1', 'customer-pr-1']);
  expect(asked).toMatchObject([
    {
      url: 'https://monitoring.googleapis.com/v3/projects/p/timeSeries',
      params: {
        'interval.startTime': '1970-01-01T00:00:00.000Z',
        'interval.endTime': '1970-01-04T00:00:00.000Z',
        'aggregation.alignmentPeriod': '259200s',
      },
    },
    { params: { pageToken: 'more' } },
  ]);
});
