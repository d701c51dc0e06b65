/** A local Cloud Run Admin API for each test of a file, and Google's clients of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type protos, RevisionsClient, ServicesClient } from '@google-cloud/run';
import { credentials, type status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import { type AdvanceableClock, createManualClock } from '../../shared/clock/advanceable-clock.ts';
import type { AuditEntry } from './audit-log.ts';
import { type RunServer, startRun } from './start-run.ts';

/** google.cloud.run.v2.Service, as a client writes it. */
export type Service = protos.google.cloud.run.v2.IService;
/** google.cloud.run.v2.TrafficTarget. */
export type TrafficTarget = protos.google.cloud.run.v2.ITrafficTarget;
type Template = protos.google.cloud.run.v2.IRevisionTemplate;

/** Where services are. */
export const parent = 'projects/kumiko-local/locations/asia-northeast1';
/** The service that most tests are about. */
export const name = `${parent}/services/partner`;
/** All traffic to the latest revision. */
export const latest: TrafficTarget = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 };
/** A template with one container. */
export const template = (changes: Template = {}): Template => ({ containers: [{ image: 'partner:1' }], ...changes });
/** A target of traffic. */
export const toRevision = (revision: string, more: TrafficTarget = {}): TrafficTarget => ({
  type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION',
  revision,
  ...more,
});

let stateDir: string;
/** Moved by `settle` and by tests. */
export let clock: AdvanceableClock;
/** Started anew for each test. */
export let server: RunServer;
/** Google's clients of it. */
export let services: ServicesClient;
export let revisions: RevisionsClient;
/** What a sink of Cloud Logging got. */
export let entries: AuditEntry[];

/** Starts it on the state of the test. */
export async function open(): Promise<void> {
  server = await startRun({ port: 0, stateDir, clock, reconcileMs: 1_000, onChange: (entry) => entries.push(entry) });
  const options = { projectId: 'kumiko-local', apiEndpoint: '127.0.0.1', port: server.port, sslCreds: credentials.createInsecure() };
  services = new ServicesClient(options);
  revisions = new RevisionsClient(options);
}

/** Ends it; the state stays. */
export async function shut(): Promise<void> {
  await Promise.all([services.close(), revisions.close()]);
  await server.close();
}

/** Says in a file that each of its tests has one. */
export function startRunForEach(): void {
  beforeEach(async () => {
    // Otherwise google-auth-library looks for Google's metadata server.
    vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
    stateDir = mkdtempSync(join(tmpdir(), 'kumiko-run-'));
    clock = createManualClock();
    entries = [];
    await open();
  });

  afterEach(async () => {
    await shut();
    rmSync(stateDir, { recursive: true });
    vi.unstubAllEnvs();
  });
}

/** Lets what was changed be done. */
export const settle = () => clock.advance(1_000);
/** Holds a refusal to its status, and to a part of its message. */
export const failsWith = (call: Promise<unknown>, code: status, message = '') =>
  expect(call).rejects.toMatchObject({ code, details: expect.stringContaining(message) });
/** The service as it is. */
export const get = async (service = name) => (await services.getService({ name: service }))[0];
/** The last segment of a name. */
export const idOf = (full: string | null | undefined) => lastSegment(full ?? '');

/** Creates a service and waits until it serves. */
export async function create(service: Service = {}, serviceId = 'partner'): Promise<Service> {
  const [operation] = await services.createService({ parent, serviceId, service: { template: template(), ...service } });
  settle();
  await operation.promise();
  return get(`${parent}/services/${serviceId}`);
}

/** Updates the service and waits until it serves. */
export async function update(service: Service, paths?: string[]): Promise<Service> {
  const [operation] = await services.updateService({ service: { name, ...service }, ...(paths && { updateMask: { paths } }) });
  settle();
  await operation.promise();
  return get();
}

/** Deploys what a pull request has: a revision of its own, tagged, and traffic where it was. */
export async function deployPreview(tag: string, annotations: Record<string, string> = {}): Promise<Service> {
  const { traffic, latestReadyRevision } = await get();
  const revision = `partner-${tag}`;
  const pinned = (traffic ?? []).map((target) =>
    target.type === 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST'
      ? toRevision(idOf(latestReadyRevision), { percent: target.percent ?? 0 })
      : target,
  );
  return update({ template: template({ revision, annotations }), traffic: [...pinned, toRevision(revision, { tag })] }, [
    'template',
    'traffic',
  ]);
}
