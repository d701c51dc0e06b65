import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  clock,
  create,
  failsWith,
  get,
  latest,
  name,
  open,
  parent,
  revisions,
  type Service,
  server,
  services,
  settle,
  shut,
  startRunForEach,
  template,
  update,
} from './test-run.ts';
import { uriAnnotation } from './uris.ts';

startRunForEach();

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
