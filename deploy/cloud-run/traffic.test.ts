import { expect, test } from 'vitest';
import { parseCurrentTraffic, trafficWith } from './traffic.ts';

const candidate = { suffix: 'r2', tag: 'candidate' };

test('without a revision of its own the newest takes everything, and previews keep their tags', () => {
  expect(trafficWith('job', undefined, [])).toEqual([{ latestRevision: true, percent: 100 }]);
  const serving = [
    { revisionName: 'job-r1', percent: 100 },
    { revisionName: 'job-p7', tag: 'pr-7' },
  ];
  expect(trafficWith('job', undefined, serving)).toEqual([
    { latestRevision: true, percent: 100 },
    { revisionName: 'job-p7', tag: 'pr-7' },
  ]);
});

test('the first revision of a service takes everything: there is none to go on serving', () => {
  expect(trafficWith('job', candidate, [])).toEqual([{ revisionName: 'job-r2', tag: 'candidate', percent: 100 }]);
});

test('what the infrastructure started the service with is no revision that serves', () => {
  const spec = { template: { spec: { containers: [{ image: 'us-docker.pkg.dev/cloudrun/container/hello' }] } } };
  const list = [{ metadata: { name: 'job' }, spec, status: { traffic: [{ revisionName: 'job-00001-abc', percent: 100 }] } }];
  expect(parseCurrentTraffic(JSON.stringify(list))).toEqual(new Map([['job', []]]));
});

test('a new revision has a tag and no traffic; what serves is pinned by name, and previews keep their tags', () => {
  const serving = [
    { revisionName: 'job-r1', percent: 90 },
    { revisionName: 'job-r0', percent: 10, tag: 'stable' },
    { revisionName: 'job-p7', tag: 'pr-7' },
  ];
  expect(trafficWith('job', candidate, serving)).toEqual([...serving, { revisionName: 'job-r2', tag: 'candidate' }]);
});

test('a tag moves to the new revision, and the one that had it goes on serving', () => {
  const serving = [
    { revisionName: 'job-r1', percent: 100, tag: 'candidate' },
    { revisionName: 'job-r0', tag: 'candidate' },
  ];
  expect(trafficWith('job', candidate, serving)).toEqual([
    { revisionName: 'job-r1', percent: 100 },
    { revisionName: 'job-r2', tag: 'candidate' },
  ]);
});

test('what serves is read from the list of services', () => {
  const list = [
    {
      metadata: { name: 'job' },
      status: {
        traffic: [
          { latestRevision: true, revisionName: 'job-r1', percent: 100 },
          { revisionName: 'job-p7', tag: 'pr-7', url: 'u' },
        ],
      },
    },
    { metadata: { name: 'fresh' } },
  ];
  expect(parseCurrentTraffic(JSON.stringify(list))).toEqual(
    new Map([
      [
        'job',
        [
          { revisionName: 'job-r1', percent: 100 },
          { revisionName: 'job-p7', tag: 'pr-7' },
        ],
      ],
      ['fresh', []],
    ]),
  );
  expect(() => parseCurrentTraffic('{"items": []}')).toThrow(
    '--current is not an array of what "gcloud run services describe --format json" prints',
  );
});
