import { expect, test } from 'vitest';
import type { ConformanceCase } from './conformance-case.ts';
import { judge } from './judge.ts';
import type { Rig } from './rig.ts';

const gaps = { embedded: { 'a gap': 'not written yet' }, envoy: {} };

function rigThatFinds(faults: string[]): Rig {
  return { run: async () => faults, bench: () => Promise.reject(new Error('not needed')), close: async () => {} };
}

function named(name: string): ConformanceCase {
  return { name, about: [], request: { protocols: ['HTTP/2'], method: 'GET', path: '/' }, expect: { status: 200 } };
}

test('a known gap that passes fails the run', async () => {
  expect(await judge(rigThatFinds([]), 'embedded', named('a gap'), gaps)).toEqual({
    outcome: 'failed',
    faults: ['it passes now: remove it from the known gaps'],
  });
});

test('a known gap that fails is told with its reason', async () => {
  expect(await judge(rigThatFinds(['x']), 'embedded', named('a gap'), gaps)).toEqual({
    outcome: 'known-gap',
    reason: 'not written yet',
  });
});

test('a gap of one data plane is none of another', async () => {
  expect((await judge(rigThatFinds(['x']), 'envoy', named('a gap'), gaps)).outcome).toBe('failed');
});

test('a case that throws has failed', async () => {
  const rig: Rig = { ...rigThatFinds([]), run: () => Promise.reject(new Error('connection refused')) };
  expect(await judge(rig, 'embedded', named('any'))).toEqual({ outcome: 'failed', faults: ['HTTP/2: connection refused'] });
});
