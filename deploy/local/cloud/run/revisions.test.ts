import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  clock,
  create,
  deployPreview,
  failsWith,
  get,
  idOf,
  name,
  revisions,
  server,
  settle,
  startRunForEach,
  template,
  toRevision,
  update,
} from './test-run.ts';

startRunForEach();

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
