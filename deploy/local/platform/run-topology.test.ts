import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type RunServer, startRun } from '../cloud/run/start-run.ts';
import { createManualClock } from '../shared/clock/advanceable-clock.ts';
import { ensureRunServices } from './run-topology.ts';

const project = 'kumiko-local';
const location = 'asia-northeast1';
const parent = `projects/${project}/locations/${location}`;
const clock = createManualClock();

let stateDir: string;
let run: RunServer;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-run-topology-'));
  run = await startRun({ port: 0, stateDir, clock });
});

afterEach(async () => {
  await run.close();
  rmSync(stateDir, { recursive: true });
});

function ensure(serviceUrls: Readonly<Record<string, string>>): void {
  ensureRunServices({ run, project, location, serviceUrls });
  clock.advance(0);
}

const service = (id: string) => run.services.service(`${parent}/services/${id}`).message;

it('has every service with its URL, and all traffic at its default revision', () => {
  ensure({ a: 'http://127.0.0.1:1', b: 'http://127.0.0.1:2' });
  expect(service('b')).toMatchObject({
    uri: 'http://127.0.0.1:2',
    customAudiences: ['https://b.kumiko-local.kumiko.internal'],
    reconciling: false,
    trafficStatuses: [{ type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100, tag: '' }],
  });
});

it('changes nothing where nothing has changed, follows URLs, and forgets services that are no more', () => {
  ensure({ a: 'http://127.0.0.1:1', b: 'http://127.0.0.1:2' });
  const { latestReadyRevision } = service('a');
  ensure({ a: 'http://127.0.0.1:1' });
  expect(service('a')).toMatchObject({ latestReadyRevision, generation: '1' });
  expect(run.services.services(parent)).toHaveLength(1);
  ensure({ a: 'http://127.0.0.1:9' });
  expect(service('a').uri).toBe('http://127.0.0.1:9');
});

it('leaves no tag of a preview that an earlier platform ran', () => {
  ensure({ a: 'http://127.0.0.1:1' });
  const traffic = [
    { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' as const, percent: 100 },
    { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST' as const, tag: 'pr-1' },
  ];
  run.services.update({ name: `${parent}/services/a`, traffic }, { paths: ['traffic'] });
  clock.advance(0);
  expect(service('a').trafficStatuses).toHaveLength(2);
  ensure({ a: 'http://127.0.0.1:1' });
  expect(service('a').trafficStatuses).toMatchObject([{ percent: 100, tag: '' }]);
});
