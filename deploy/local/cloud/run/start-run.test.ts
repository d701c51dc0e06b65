import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type protos, RevisionsClient, ServicesClient } from '@google-cloud/run';
import { type Client, credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import { type AdvanceableClock, createManualClock } from '../../shared/clock/advanceable-clock.ts';
import { loadServices } from '../google-api/grpc-server.ts';
import type { AuditEntry } from './audit-log.ts';
import { type RunServer, startRun } from './start-run.ts';
import { uriAnnotation } from './uris.ts';

// Otherwise google-auth-library looks for Google's metadata server.
vi.stubEnv('METADATA_SERVER_DETECTION', 'none');

type Service = protos.google.cloud.run.v2.IService;
type TrafficTarget = protos.google.cloud.run.v2.ITrafficTarget;
type Template = protos.google.cloud.run.v2.IRevisionTemplate;

const parent = 'projects/kumiko-local/locations/asia-northeast1';
const name = `${parent}/services/partner`;
const latest: TrafficTarget = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', percent: 100 };
const template = (changes: Template = {}): Template => ({ containers: [{ image: 'partner:1' }], ...changes });
const toRevision = (revision: string, more: TrafficTarget = {}): TrafficTarget => ({
  type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION',
  revision,
  ...more,
});

let stateDir: string;
let clock: AdvanceableClock;
let server: RunServer;
let services: ServicesClient;
let revisions: RevisionsClient;
let entries: AuditEntry[];

async function open(): Promise<void> {
  server = await startRun({ port: 0, stateDir, clock, reconcileMs: 1_000, onChange: (entry) => entries.push(entry) });
  const options = { projectId: 'kumiko-local', apiEndpoint: '127.0.0.1', port: server.port, sslCreds: credentials.createInsecure() };
  services = new ServicesClient(options);
  revisions = new RevisionsClient(options);
}

async function shut(): Promise<void> {
  await Promise.all([services.close(), revisions.close()]);
  await server.close();
}

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-run-'));
  clock = createManualClock();
  entries = [];
  await open();
});

afterEach(async () => {
  await shut();
  rmSync(stateDir, { recursive: true });
});

const settle = () => clock.advance(1_000);
const failsWith = (call: Promise<unknown>, code: status, message = '') =>
  expect(call).rejects.toMatchObject({ code, details: expect.stringContaining(message) });
const get = async (service = name) => (await services.getService({ name: service }))[0];
const idOf = (full: string | null | undefined) => lastSegment(full ?? '');

async function create(service: Service = {}, serviceId = 'partner'): Promise<Service> {
  const [operation] = await services.createService({ parent, serviceId, service: { template: template(), ...service } });
  settle();
  await operation.promise();
  return get(`${parent}/services/${serviceId}`);
}

async function update(service: Service, paths?: string[]): Promise<Service> {
  const [operation] = await services.updateService({ service: { name, ...service }, ...(paths && { updateMask: { paths } }) });
  settle();
  await operation.promise();
  return get();
}

/** Deploys what a pull request has: a revision of its own, tagged, and traffic where it was. */
async function deployPreview(tag: string, annotations: Record<string, string> = {}): Promise<Service> {
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

describe('a service', () => {
  it('is created with its first revision, its defaults and its URI', async () => {
    const service = await create({ labels: { team: 'a' }, annotations: { note: 'b' } });
    expect(service).toMatchObject({
      name,
      generation: '1',
      observedGeneration: '1',
      reconciling: false,
      labels: { team: 'a' },
      annotations: { note: 'b' },
      ingress: 'INGRESS_TRAFFIC_ALL',
      launchStage: 'GA',
      traffic: [latest],
      trafficStatuses: [latest],
      terminalCondition: { type: 'Ready', state: 'CONDITION_SUCCEEDED' },
      template: { maxInstanceRequestConcurrency: 80, timeout: { seconds: '300' }, containers: [{ ports: [{ containerPort: 8080 }] }] },
    });
    expect(service.latestReadyRevision).toMatch(new RegExp(`^${name}/revisions/partner-00001-[a-z]{3}$`));
    expect(service.latestCreatedRevision).toBe(service.latestReadyRevision);
    expect(service.uri).toMatch(/^https:\/\/partner-[a-z0-9]{10}-an\.a\.run\.app$/);
    expect(service.urls).toEqual([service.uri]);
    expect(service.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(service.etag).toMatch(/^".+"$/);
    expect(await get()).toEqual(service);
  });

  it('reconciles until its operation is done, and shows until then what serves', async () => {
    const before = await create();
    const [operation] = await services.updateService({ service: { name, template: template({ labels: { v: '2' } }) } });
    const during = await get();
    expect(during).toMatchObject({ reconciling: true, generation: '2', observedGeneration: '1', trafficStatuses: [latest] });
    expect(during.latestReadyRevision).toBe(before.latestReadyRevision);
    expect(during.latestCreatedRevision).not.toBe(before.latestReadyRevision);
    expect(during.terminalCondition?.state).toBe('CONDITION_RECONCILING');
    expect(operation.latestResponse.done).toBe(false);
    settle();
    const [result] = await operation.promise();
    expect(result).toMatchObject({ name, reconciling: false });
    const after = await get();
    expect(after).toMatchObject({ reconciling: false, observedGeneration: '2' });
    expect(after.latestReadyRevision).toMatch(/partner-00002-[a-z]{3}$/);
  });

  it('gets a revision when its template changes, and none when anything else does', async () => {
    const { latestReadyRevision, generation } = await create();
    const labelled = await update({ labels: { team: 'b' } }, ['labels']);
    expect(labelled.latestReadyRevision).toBe(latestReadyRevision);
    expect(Number(labelled.generation)).toBe(Number(generation) + 1);
    expect((await update({ ...labelled })).generation).toBe(labelled.generation);
    server.services.update({ name, labels: { team: 'b' }, template: { containers: [{ image: 'partner:1' }] } });
    settle();
    expect((await get()).generation).toBe(labelled.generation);
    await update({ template: template({ containers: [{ image: 'partner:2' }] }) }, ['template']);
    const [listed] = await revisions.listRevisions({ parent: name });
    expect(listed.map((revision) => revision.containers?.[0]?.image)).toEqual(['partner:2', 'partner:1']);
  });

  it('changes what the mask names, and everything without one', async () => {
    await create({ labels: { team: 'a' }, description: 'first' });
    expect(await update({ labels: { team: 'b' }, description: 'ignored' }, ['labels'])).toMatchObject({
      labels: { team: 'b' },
      description: 'first',
    });
    const nested = await update({ template: { serviceAccount: 'a@b', containers: [] } }, ['template.service_account']);
    expect(nested.template).toMatchObject({ serviceAccount: 'a@b', containers: [{ image: 'partner:1' }] });
    expect(await update({ uri: 'https://forged', uid: 'forged' }, ['uri', 'uid'])).toMatchObject({ uri: nested.uri, uid: nested.uid });
    expect(await update({ template: template() })).toMatchObject({ labels: {}, description: '' });
    for (const path of ['labls', 'template.contaners', 'traffic.tag', 'description.x']) {
      await failsWith(update({ template: template() }, [path]), status.INVALID_ARGUMENT, `has no field "${path}"`);
    }
  });

  it('is created by an update that allows it to be missing', async () => {
    await failsWith(
      services.updateService({ service: { name, template: template() } }),
      status.NOT_FOUND,
      "Resource 'partner' of kind 'SERVICE'",
    );
    await services.updateService({ service: { name, template: template() }, allowMissing: true });
    settle();
    expect(await get()).toMatchObject({ name, reconciling: false });
  });

  it('is only looked at by a request that asks for validation', async () => {
    const [created] = await services.createService({ parent, serviceId: 'partner', service: { template: template() }, validateOnly: true });
    expect((await created.promise())[0]).toMatchObject({ name, template: { maxInstanceRequestConcurrency: 80 } });
    await failsWith(get(), status.NOT_FOUND);
    const before = await create();
    await services.updateService({ service: { name, template: template({ labels: { v: '2' } }) }, validateOnly: true });
    await services.deleteService({ name, validateOnly: true });
    settle();
    expect(await get()).toEqual(before);
    expect((await revisions.listRevisions({ parent: name }))[0]).toHaveLength(1);
    await failsWith(services.updateService({ service: { name }, validateOnly: true }), status.INVALID_ARGUMENT, 'service.template');
  });

  it('is changed only by who has seen its latest version, where an etag is sent', async () => {
    const { etag } = await create();
    const next = await update({ labels: { a: '1' }, etag: etag ?? '' }, ['labels']);
    expect(next.etag).not.toBe(etag);
    await failsWith(update({ labels: { a: '2' }, etag: etag ?? '' }, ['labels']), status.ABORTED, 'Conflict');
    await failsWith(services.deleteService({ name, etag: etag ?? '' }), status.ABORTED);
    expect((await get()).labels).toEqual({ a: '1' });
  });

  it('is deleted with its revisions', async () => {
    await create();
    const [operation] = await services.deleteService({ name });
    expect((await get()).reconciling).toBe(true);
    await failsWith(update({ labels: {} }, ['labels']), status.ABORTED, 'being deleted');
    settle();
    const [deleted] = await operation.promise();
    expect(deleted).toMatchObject({ name, deleteTime: expect.anything() });
    await failsWith(get(), status.NOT_FOUND, "'partner' of kind 'SERVICE' in region 'asia-northeast1' in project 'kumiko-local'");
    await failsWith(revisions.listRevisions({ parent: name }), status.NOT_FOUND);
    await failsWith(services.deleteService({ name }), status.NOT_FOUND);
    expect((await create()).latestReadyRevision).toMatch(/partner-00001-/);
  });

  it('says at which place it is served, where whoever runs it has said so', async () => {
    const service = await create({ annotations: { [uriAnnotation]: 'http://127.0.0.1:7420' } });
    expect(service).toMatchObject({ uri: 'http://127.0.0.1:7420', urls: ['http://127.0.0.1:7420'] });
  });

  it('and its revisions are there after a restart, and what was under way is done', async () => {
    await create();
    await services.updateService({ service: { name, template: template({ labels: { v: '2' } }) } });
    await shut();
    await open();
    expect(await get()).toMatchObject({ reconciling: false, generation: '2', observedGeneration: '2' });
    expect((await update({ template: template({ labels: { v: '2' } }) })).generation).toBe('2');
    expect((await revisions.listRevisions({ parent: name }))[0]).toHaveLength(2);
  });

  it.each<[string, string, Service | null]>([
    ['CreateServiceRequest.service_id', '', {}],
    ['CreateServiceRequest.service_id', 'Partner', {}],
    ['CreateServiceRequest.service_id', '1partner', {}],
    ['CreateServiceRequest.service_id', 'partner-', {}],
    ['CreateServiceRequest.service_id', 'p'.repeat(50), {}],
    ['CreateServiceRequest.service', 'partner', null],
    ['CreateServiceRequest.service.template', 'partner', { template: null }],
    ['CreateServiceRequest.service.template.containers', 'partner', { template: {} }],
    ['CreateServiceRequest.service.template.containers[0].image', 'partner', { template: { containers: [{}] } }],
    ['CreateServiceRequest.service.template.revision', 'partner', { template: template({ revision: 'other-1' }) }],
    [
      'CreateServiceRequest.service.template.annotations',
      'partner',
      { template: template({ annotations: { 'run.googleapis.com/x': '1' } }) },
    ],
    ['CreateServiceRequest.service.labels', 'partner', { labels: { 'serving.knative.dev/x': '1' } }],
    ['CreateServiceRequest.service.description', 'partner', { description: 'x'.repeat(513) }],
  ])('is refused with the name of the field: %s (%s)', async (field, serviceId, service) => {
    const asked = { parent, serviceId, ...(service && { service: { template: template(), ...service } }) };
    await failsWith(services.createService(asked), status.INVALID_ARGUMENT, `Violation in ${field}: `);
    expect((await services.listServices({ parent }))[0]).toEqual([]);
  });

  it('is refused where its name, its place or its kind is none of ours', async () => {
    await create();
    await failsWith(
      services.createService({ parent, serviceId: 'partner', service: { template: template() } }),
      status.ALREADY_EXISTS,
      'partner',
    );
    await failsWith(
      services.getService({ name: 'partner' }),
      status.INVALID_ARGUMENT,
      'projects/{project}/locations/{location}/services/{service}',
    );
    for (const place of ['projects/kumiko-local', 'projects/kumiko-local/locations/-', 'projects/X/locations/a b']) {
      await failsWith(services.listServices({ parent: place }), status.INVALID_ARGUMENT, 'parent');
    }
    await failsWith(
      services.updateService({ service: { name, template: template(), defaultUriDisabled: true } }),
      status.UNIMPLEMENTED,
      'default_uri',
    );
    await failsWith(services.getIamPolicy({ resource: name }), status.UNIMPLEMENTED);
  });
});

describe('traffic', () => {
  it('of a tag has a URI, and the rest goes on where it was', async () => {
    const { latestReadyRevision: standard } = await create();
    const service = await deployPreview('pr-123');
    expect(service.trafficStatuses).toEqual([
      { ...toRevision(idOf(standard), { percent: 100 }), tag: '', uri: '' },
      { ...toRevision('partner-pr-123', { percent: 0, tag: 'pr-123' }), uri: service.uri?.replace('https://', 'https://pr-123---') },
    ]);
    expect(idOf(service.latestReadyRevision)).toBe('partner-pr-123');
  });

  it('of a tag leads to where its revision is served, where whoever runs it has said so', async () => {
    await create();
    const { trafficStatuses } = await deployPreview('pr-1', { [uriAnnotation]: 'http://127.0.0.1:7501' });
    expect(trafficStatuses?.at(-1)).toMatchObject({ tag: 'pr-1', uri: 'http://127.0.0.1:7501' });
  });

  it('follows the latest revision where a target says so, and may be split', async () => {
    const { latestReadyRevision: first } = await create();
    await update({ template: template({ revision: 'partner-b' }) }, ['template']);
    const split = [toRevision(idOf(first), { percent: 90, tag: 'stable' }), { ...latest, percent: 10, tag: 'next' }];
    const { trafficStatuses } = await update({ traffic: split }, ['traffic']);
    expect(trafficStatuses).toMatchObject([
      { revision: idOf(first), percent: 90, tag: 'stable' },
      { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST', revision: '', percent: 10, tag: 'next' },
    ]);
  });

  it('loses a tag, and the rest stays', async () => {
    await create();
    await deployPreview('pr-1');
    const { traffic } = await deployPreview('pr-2');
    const { trafficStatuses } = await update({ traffic: traffic!.filter(({ tag }) => tag !== 'pr-1') }, ['traffic']);
    expect(trafficStatuses?.map(({ tag }) => tag)).toEqual(['', 'pr-2']);
  });

  it.each<[string, string, TrafficTarget[]]>([
    ['[0].tag', 'capitals', [{ ...latest, tag: 'PR-1' }]],
    ['[0].tag', 'a digit first', [{ ...latest, tag: '1pr' }]],
    ['[0].tag', 'a hyphen last', [{ ...latest, tag: 'pr-' }]],
    ['[0].tag', 'an underscore', [{ ...latest, tag: 'pr_1' }]],
    ['[0].tag', 'more than 63 characters with the service', [{ ...latest, tag: 'p'.repeat(54) }]],
    [
      '[1].tag',
      'a tag twice',
      [
        { ...latest, tag: 'pr-1' },
        { ...latest, percent: 0, tag: 'pr-1' },
      ],
    ],
    ['', 'percents of 99', [{ ...latest, percent: 99 }]],
    ['', 'only a tag', [{ ...latest, percent: 0, tag: 'pr-1' }]],
    ['[0].percent', 'a negative percent', [{ ...latest, percent: -1 }]],
    ['[0].percent', 'a percent over 100', [{ ...latest, percent: 101 }]],
    ['[0].type', 'no type', [{ percent: 100 }]],
    ['[0].revision', 'no revision', [toRevision('', { percent: 100 })]],
    ['[0].revision', 'a revision of the latest', [{ ...latest, revision: 'partner-1' }]],
  ])('is refused with the name of the field: traffic%s (%s)', async (field, _, traffic) => {
    const before = await create();
    await failsWith(
      update({ traffic }, ['traffic']),
      status.INVALID_ARGUMENT,
      `Violation in UpdateServiceRequest.service.traffic${field}: `,
    );
    expect(await get()).toEqual(before);
  });

  it('takes a tag of 63 characters with its service', async () => {
    await create();
    const tag = 'p'.repeat(63 - '---partner'.length);
    expect((await update({ traffic: [{ ...latest, tag }] }, ['traffic'])).trafficStatuses?.[0]?.tag).toBe(tag);
  });

  it('stays where it was when it should go to a revision that is not there', async () => {
    await create();
    const [operation] = await services.updateService({
      service: { name, traffic: [toRevision('partner-x', { percent: 100 })] },
      updateMask: { paths: ['traffic'] },
    });
    settle();
    await expect(operation.promise()).rejects.toMatchObject({
      code: status.INTERNAL,
      message: expect.stringContaining("Revision 'partner-x' does not exist"),
    });
    const service = await get();
    expect(service).toMatchObject({ reconciling: false, trafficStatuses: [latest], observedGeneration: '1', generation: '2' });
    expect(service.terminalCondition).toMatchObject({ state: 'CONDITION_FAILED', message: expect.stringContaining('partner-x') });
    expect(await update({ traffic: [latest] }, ['traffic'])).toMatchObject({ terminalCondition: { state: 'CONDITION_SUCCEEDED' } });
  });

  it('has at most 2,000 tags in a region, and the oldest without traffic go', async () => {
    const tagged = (tags: readonly string[]) => [{ ...latest, tag: 'serving' }, ...tags.map((tag) => ({ ...latest, percent: 0, tag }))];
    const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
    await create({ traffic: tagged(['oldest']) });
    clock.advance(1);
    await create({ traffic: tagged(numbered('a', 998)) }, 'other');
    clock.advance(1);
    await update({ traffic: tagged(['oldest', ...numbered('b', 1_000)]) }, ['traffic']);
    const { traffic, trafficStatuses } = await get();
    expect(traffic).toHaveLength(1_001);
    expect(traffic?.slice(0, 2).map(({ tag }) => tag)).toEqual(['serving', 'b-0']);
    expect(trafficStatuses?.map(({ tag }) => tag)).toEqual(traffic?.map(({ tag }) => tag));
    expect((await get(`${parent}/services/other`)).traffic).toHaveLength(999);
  });
});

describe('revisions', () => {
  it('are what their template was, under the name that it asks for', async () => {
    await create({ template: template({ revision: 'partner-first', labels: { a: '1' }, annotations: { b: '2' } }) });
    const [revision] = await revisions.getRevision({ name: `${name}/revisions/partner-first` });
    expect(revision).toMatchObject({
      name: `${name}/revisions/partner-first`,
      service: 'partner',
      labels: { a: '1' },
      annotations: { b: '2' },
      containers: [{ image: 'partner:1' }],
      reconciling: false,
      conditions: [{ type: 'Ready', state: 'CONDITION_SUCCEEDED' }, {}, {}],
    });
    await failsWith(
      update({ template: template({ revision: 'partner-first', labels: { a: '2' } }) }, ['template']),
      status.ALREADY_EXISTS,
      "Revision named 'partner-first' with different configuration already exists",
    );
  });

  it('a service has at most 1,000 revisions, and the oldest without traffic go', async () => {
    const { latestReadyRevision: first } = await create();
    server.services.update({ name, traffic: [toRevision(idOf(first), { percent: 100 })] }, { paths: ['traffic'] });
    for (let index = 1; index <= 1_000; index++) {
      clock.advance(1);
      server.services.update({ name, template: template({ revision: `partner-r${index}` }) }, { paths: ['template'] });
    }
    const left = server.services.revisions(name).map(({ message }) => idOf(message.name));
    expect(left).toHaveLength(1_000);
    expect(left).toContain(idOf(first));
    expect(left).not.toContain('partner-r1');
    expect(left).toContain('partner-r2');
  });

  it('are deleted unless they are the latest or have traffic or a tag', async () => {
    const { latestReadyRevision: first } = await create();
    await deployPreview('pr-1');
    await deployPreview('pr-2');
    const { traffic } = await get();
    const inUse = [first!, `${name}/revisions/partner-pr-1`, `${name}/revisions/partner-pr-2`];
    for (const used of inUse) await failsWith(revisions.deleteRevision({ name: used }), status.FAILED_PRECONDITION, idOf(used));
    await update({ traffic: traffic!.filter(({ tag }) => tag !== 'pr-1') }, ['traffic']);
    const [operation] = await revisions.deleteRevision({ name: inUse[1]! });
    settle();
    expect((await operation.promise())[0]).toMatchObject({ name: inUse[1] });
    await failsWith(revisions.getRevision({ name: inUse[1]! }), status.NOT_FOUND, "'partner-pr-1' of kind 'REVISION'");
    await failsWith(revisions.getRevision({ name }), status.INVALID_ARGUMENT, '/revisions/{revision}');
  });
});

describe('lists', () => {
  it('come by pages, the newest first', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      await create({}, id);
      clock.advance(1);
    }
    const all = ['e', 'd', 'c', 'b', 'a'].map((id) => `${parent}/services/${id}`);
    const [auto] = await services.listServices({ parent });
    expect(auto.map((service) => service.name)).toEqual(all);
    const [page, next] = await services.listServices({ parent, pageSize: 2 }, { autoPaginate: false });
    expect(page.map((service) => service.name)).toEqual(all.slice(0, 2));
    await services.deleteService({ name: all[1]! });
    settle();
    const [rest] = await services.listServices({ ...next, pageSize: 10 }, { autoPaginate: false });
    expect(rest.map((service) => service.name)).toEqual(all.slice(2));
    expect((await services.listServices({ parent: 'projects/kumiko-local/locations/us-central1' }))[0]).toEqual([]);
    await failsWith(services.listServices({ parent, pageSize: -1 }), status.INVALID_ARGUMENT, 'page_size');
  });
});

describe('operations', () => {
  const operationsOf = (): Client & Record<string, (request: object, done: (error: unknown, answer: unknown) => void) => void> =>
    new (makeGenericClientConstructor(loadServices('@google-cloud/run')('google.longrunning.Operations'), 'Operations'))(
      `127.0.0.1:${server.port}`,
      credentials.createInsecure(),
    ) as never;

  it('are got, waited for and listed', async () => {
    const client = operationsOf();
    const call = (method: string, request: object) =>
      new Promise<Record<string, unknown>>((resolve, reject) => {
        client[method]!(request, (error, answer) => (error ? reject(error) : resolve(answer as Record<string, unknown>)));
      });
    const [operation] = await services.createService({ parent, serviceId: 'partner', service: { template: template() } });
    expect(operation.name).toMatch(new RegExp(`^${parent}/operations/[0-9a-f-]{36}$`));
    expect(operation.metadata).toMatchObject({ name, reconciling: true });
    expect(await call('GetOperation', { name: operation.name })).toMatchObject({ done: false });
    const impatient = call('WaitOperation', { name: operation.name, timeout: { seconds: 0, nanos: 500_000_000 } });
    const patient = call('WaitOperation', { name: operation.name });
    await vi.waitFor(() => expect(clock.nextDue()).toBe(clock.now() + 500), { interval: 5 });
    clock.advance(500);
    expect(await impatient).toMatchObject({ done: false });
    settle();
    expect(await patient).toMatchObject({ done: true });
    expect(await call('WaitOperation', { name: operation.name })).toMatchObject({ done: true });
    expect((await call('ListOperations', { name: parent }))['operations']).toMatchObject([{ name: operation.name, done: true }]);
    expect((await services.checkCreateServiceProgress(operation.name!)).result).toMatchObject({ name });
    await failsWith(call('GetOperation', { name: `${parent}/operations/none` }), status.NOT_FOUND, 'none');
    client.close();
  });
});

describe('the audit log', () => {
  it('tells of each change when it is asked for and when it is done', async () => {
    await create();
    await deployPreview('pr-1');
    await services.deleteService({ name });
    settle();
    expect(
      entries.map(({ protoPayload, operation }) => [protoPayload.methodName.split('.').at(-1), operation.first ? 'first' : 'last']),
    ).toEqual([
      ['CreateService', 'first'],
      ['CreateService', 'last'],
      ['UpdateService', 'first'],
      ['UpdateService', 'last'],
      ['DeleteService', 'first'],
      ['DeleteService', 'last'],
    ]);
    expect(entries[3]).toMatchObject({
      protoPayload: {
        '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
        serviceName: 'run.googleapis.com',
        methodName: 'google.cloud.run.v2.Services.UpdateService',
        resourceName: name,
        status: {},
      },
      resource: {
        type: 'cloud_run_revision',
        labels: { project_id: 'kumiko-local', location: 'asia-northeast1', service_name: 'partner' },
      },
      severity: 'NOTICE',
      logName: 'projects/kumiko-local/logs/cloudaudit.googleapis.com%2Factivity',
    });
    expect(entries[3]!.operation.id).toBe(entries[2]!.operation.id);
  });

  it('tells why a change failed, and of none that was refused', async () => {
    await create();
    await failsWith(update({ traffic: [{ ...latest, percent: 1 }] }, ['traffic']), status.INVALID_ARGUMENT);
    expect(entries).toHaveLength(2);
    await services.updateService({
      service: { name, traffic: [toRevision('partner-x', { percent: 100 })] },
      updateMask: { paths: ['traffic'] },
    });
    settle();
    expect(entries.at(-1)).toMatchObject({
      severity: 'ERROR',
      protoPayload: { status: { code: status.INTERNAL, message: expect.stringContaining('partner-x') } },
    });
  });
});
