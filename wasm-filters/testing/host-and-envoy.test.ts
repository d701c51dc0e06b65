import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileFixture } from './compile-fixture.ts';
import { probeFixture } from './probe/probe-fixture.ts';
import { probeOnEnvoy } from './probe/probe-on-envoy.ts';
import { probeOnHost } from './probe/probe-on-host.ts';
import type { Probed } from './probe/probed.ts';
import { type Outcome, scenes, traps } from './probe/scenes.ts';

// Where the two differ, Envoy is right: it is the host that has to be mended.
let host: Probed;
let envoy: Probed;

beforeAll(async () => {
  const code = await compileFixture(probeFixture);
  [host, envoy] = await Promise.all([probeOnHost(code), probeOnEnvoy(code)]);
});

afterAll(async () => {
  await Promise.all([host.close(), envoy.close()]);
});

test('a filter that is configured sees the same in both', () => {
  expect(host.started.length).toBeGreaterThan(10);
  expect(host.started).toEqual(envoy.started);
});

test.each(scenes)('scene "%s" goes the same way in both', async (scene) => {
  const onHost = await host.run(scene);
  expect(onHost.said.length).toBeGreaterThan(0);
  expect(onHost).toEqual(await envoy.run(scene));
});

test('the context of a stream whose client has gone cannot be entered, in both', async () => {
  const scene = 'wait until it is gone';
  const onHost = await host.abandon(scene);
  expect(onHost.said).toContain('effective=2');
  expect(onHost).toEqual(await envoy.abandon(scene));
});

test('a request that waits when the filter traps for another one is answered by nobody, in both', async () => {
  for (const one of [host, envoy]) {
    const waiting = one.outcome('wait').catch(() => undefined);
    await delay(100);
    expect(await one.outcome('trap')).toEqual({ status: 503, body: '' });
    expect(await Promise.race([waiting, delay(500, 'it waits')])).toBe('it waits');
  }
});

test.each(traps)('after "%s" the filter is loaded anew by a next request, but not twice within a second, in both', async (scene) => {
  const outcomesOf = async (one: Probed) => {
    // As long as a load holds off the next one.
    await delay(1_600);
    const outcomes: Outcome[] = [];
    for (const next of [scene, 'reply', scene, 'reply']) outcomes.push(await one.outcome(next));
    await delay(1_600);
    return [...outcomes, await one.outcome('reply')];
  };
  const [onHost, onEnvoy] = await Promise.all([outcomesOf(host), outcomesOf(envoy)]);
  expect(onHost).toEqual(onEnvoy);
  expect(onEnvoy.slice(-2)).toMatchObject([{ status: 503 }, { status: 418 }]);
});
