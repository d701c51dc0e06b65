import { expect, it } from 'vitest';
import type { Span } from '../traces/span.ts';
import { WayRates } from './way-rates.ts';

let nowMs = 1_700_000_000_000;
const fixed = { trace: 'a'.repeat(32), id: 'b', parent: undefined, name: 'n', kind: 'server', attributes: {}, links: [] } as const;

/** A span that ended so long ago. */
const ended = (agoMs: number, service: string, tookMs = 5, failed = false): Span => {
  const endUs = (nowMs - agoMs) * 1_000;
  return { ...fixed, service, startUs: endUs - tookMs * 1_000, endUs, failed };
};

/** Rates of ways that are named by the service of the span; "nowhere" is none. */
function watched(recent: readonly Span[] = []) {
  let read = 0;
  const rates = new WayRates(
    () => ({
      wayOf: ({ service }) => (service === 'nowhere' ? undefined : `edge>${service}`),
      wayOfSubscription: (subscription) => (subscription === 'reader' ? 'topic notes>jobs' : undefined),
    }),
    () => {
      read += 1;
      return recent;
    },
    { now: () => nowMs },
  );
  return { rates, read: () => read };
}

it('tells what has gone along a way in the last ten seconds, with failures and the 95th percentile', () => {
  const { rates } = watched([ended(3_000, 'a'), ended(2_000, 'nowhere')]);
  expect(rates.rates()).toEqual([{ way: 'edge>a', perSecond: 0.1, failed: 0, p95Ms: 5 }]);
  rates.add([ended(0, 'a', 40, true), ended(0, 'b')]);
  expect(rates.rates()).toEqual([
    { way: 'edge>a', perSecond: 0.2, failed: 1, p95Ms: 40 },
    { way: 'edge>b', perSecond: 0.1, failed: 0, p95Ms: 5 },
  ]);
  nowMs += 4_000;
  rates.rates();
  nowMs += 4_000;
  expect(rates.rates()).toEqual([
    { way: 'edge>a', perSecond: 0.1, failed: 1, p95Ms: 40 },
    { way: 'edge>b', perSecond: 0.1, failed: 0, p95Ms: 5 },
  ]);
});

it('reads what is kept at the first look only, and counts nothing while nobody looks', () => {
  const { rates, read } = watched([]);
  rates.add([ended(0, 'a')]);
  expect([read(), rates.rates(), read()]).toEqual([0, [], 1]);
  rates.add([ended(0, 'a')]);
  expect([rates.rates().length, read()]).toEqual([1, 1]);
  nowMs += 6_000;
  rates.add([ended(0, 'b')]);
  expect([rates.rates(), read()]).toEqual([[], 2]);
});

it('counts on where a percentile of all would say nothing more', () => {
  const { rates } = watched();
  rates.rates();
  rates.add(Array.from({ length: 1_000 }, () => ended(0, 'a')));
  expect(rates.rates()).toEqual([{ way: 'edge>a', perSecond: 100, failed: 0, p95Ms: 5 }]);
});

it('tells of deliveries as well: those of subscriptions', () => {
  const { rates } = watched();
  rates.rates();
  const delivered = (kind: string, resource: string, ok: boolean) => ({
    kind,
    resource,
    trace: '',
    atMs: nowMs - 100,
    spec: { tookMs: 20, ok },
  });
  rates.delivered([
    delivered('event', 'reader', true),
    delivered('event', 'reader', false),
    delivered('event', 'pulled', true),
    delivered('task', 'reader', true),
  ]);
  expect(rates.rates()).toEqual([{ way: 'topic notes>jobs', perSecond: 0.2, failed: 1, p95Ms: 20 }]);
});
