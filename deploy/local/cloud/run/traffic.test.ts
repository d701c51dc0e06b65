import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import {
  clock,
  create,
  deployPreview,
  failsWith,
  get,
  idOf,
  latest,
  name,
  parent,
  services,
  settle,
  startRunForEach,
  type TrafficTarget,
  template,
  toRevision,
  update,
} from './test-run.ts';
import { uriAnnotation } from './uris.ts';

startRunForEach();

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
