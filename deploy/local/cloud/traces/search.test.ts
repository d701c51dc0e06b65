import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRecordStore } from './record-store.ts';
import { openRunStore, type RunStore } from './run-store.ts';
import type { Span } from './span.ts';
import { openSpanStore, type SpanStore } from './span-store.ts';
import { parseTraceQuery, QueryError } from './trace-query.ts';

let stateDir: string;
let runs: RunStore;
let store: SpanStore;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'kumiko-'));
  runs = openRunStore(stateDir, 1_000);
  store = openSpanStore(runs);
});
afterEach(() => {
  runs.close();
  rmSync(stateDir, { recursive: true });
});

let made = 0;

function span(trace: string, of: Partial<Span>): Span {
  made += 1;
  const startUs = made * 1_000;
  const fixed = {
    id: made.toString(16).padStart(16, '0'),
    parent: undefined,
    service: 'notes',
    name: 'GetNote',
    kind: 'server',
    links: [],
  } as const;
  return { ...fixed, startUs, endUs: startUs + 5_000, failed: false, attributes: {}, ...of, trace: trace.repeat(32) };
}

/** The first letters of the traces that are found, in alphabetical order. */
const found = (text: string, run?: number) =>
  store
    .search({ terms: parseTraceQuery(text), run, limit: 100 })
    .map(({ trace }) => trace[0])
    .toSorted()
    .join('');

describe('traces are found', () => {
  beforeEach(() => {
    store.add([
      span('a', { attributes: { 'http.url': 'http://edge/v1/orders/17?x=1', attempts: 2 } }),
      span('a', { service: 'billing', name: 'Charge', failed: true }),
      span('b', { attributes: { 'http.url': 'http://edge/v1/orders/18', ok: true }, endUs: 9_000_000_000 }),
      span('c', { name: '100%_sure', attributes: { text: 'say "hello"' } }),
    ]);
  });

  it.each([
    ['', 'abc'],
    ['orders/17', 'a'],
    ['ORDERS', 'ab'],
    ['orders service:billing', 'a'],
    ['service:billing orders/18', ''],
    ['attempts=2', 'a'],
    ['attempts=3', ''],
    ['http.url="http://edge/v1/orders/18"', 'b'],
    ['failed', 'a'],
    ['>1s', 'b'],
    ['<5ms', 'ac'],
    ['<1ms', ''],
    ['>=1s orders', 'b'],
    ['100%_', 'c'],
    ['1__%', ''],
    ['bbbbbbbb', 'b'],
    ['"edge/v1/orders/17"', 'a'],
  ])('by %j: %s', (text, traces) => expect(found(text)).toBe(traces));

  it.each(['>fast', '<10', '>5min', '"open', 'x'.repeat(501)])('%s is refused with what is accepted', (text) => {
    expect(() => parseTraceQuery(text)).toThrow(QueryError);
  });

  it('in each run of the platform, which is one run over a restart of the process that keeps them', () => {
    runs.close();
    runs = openRunStore(stateDir, 1_000);
    store = openSpanStore(runs);
    store.add([span('d', {})]);
    runs.close();
    runs = openRunStore(stateDir, 2_000);
    store = openSpanStore(runs);
    store.add([span('e', {})]);
    expect(runs.runs()).toEqual([
      { run: 2, startedMs: 2_000 },
      { run: 1, startedMs: 1_000 },
    ]);
    expect([found('', 1), found('', 2), found('')]).toEqual(['abcd', 'e', 'abcde']);
  });
});

it('a text in one of ten thousand spans is found, and nothing else', () => {
  store.add(
    Array.from({ length: 10_000 }, (_, index) => ({
      ...span('a', { attributes: { order: `orders/${index}` } }),
      trace: String(index).padStart(32, '0'),
    })),
  );
  expect(store.search({ terms: parseTraceQuery('orders/7777'), limit: 10 }).map(({ trace }) => Number(trace))).toEqual([7777]);
});

describe('what passed', () => {
  it('is kept up to a number of bytes, the newest of it', () => {
    const records = openRecordStore(runs, 1_000);
    for (let index = 0; index < 50; index++) {
      records.add([{ kind: 'call', resource: 'r', trace: '', atMs: index, spec: { text: 'x'.repeat(90), index } }]);
    }
    const kept = records.newest({ kinds: ['call'], limit: 100 });
    expect(kept[0]?.spec).toMatchObject({ index: 49 });
    expect(kept.length).toBeLessThanOrEqual(10);
  });

  it('is found by kind, resource and text, also one with signs that SQL knows', () => {
    const records = openRecordStore(runs);
    const add = (kind: string, resource: string, text: string) => records.add([{ kind, resource, trace: 'a', atMs: 1, spec: { text } }]);
    add('call', 'one', 'a_b');
    add('call', 'two', 'axb');
    add('event', 'one', 'a_b');
    const of = (query: Parameters<typeof records.newest>[0]) => records.newest(query).map(({ kind, resource }) => `${kind} ${resource}`);
    expect(of({ kinds: ['call'], mention: 'a_b', limit: 9 })).toEqual(['call one']);
    expect(of({ kinds: ['call', 'event'], resource: 'one', limit: 9 })).toEqual(['event one', 'call one']);
    expect(records.ofTrace('a').map(({ resource }) => resource)).toEqual(['one', 'two', 'one']);
  });
});
