import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compareVerdicts } from './openapi/compare-verdicts.ts';
import { usePlatform } from './test-platform.ts';

const stage = usePlatform();

const reference = readFileSync(join(import.meta.dirname, '../docs/reference/openapi.md'), 'utf8');
/** The kinds of differences that the reference lists. */
const listed = [...reference.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, kind]) => kind!);

test('of 10,000 requests gateway and services say what the documents say, but for differences that the reference lists', {
  timeout: 900_000,
}, async () => {
  const requests = 10_000;
  const { findings, differences, agreed, operations } = await compareVerdicts(stage.platform.endpoints, { seed: 1, requests, enough: 10 });
  expect(findings).toEqual([]);
  expect([...differences.keys()].filter((kind) => !listed.includes(kind))).toEqual([]);
  const differed = [...differences.values()].reduce((sum, { count }) => sum + count, 0);
  // A request may differ in more than one way.
  expect(Object.values(agreed).reduce((sum, count) => sum + count, 0) + differed).toBeGreaterThanOrEqual(requests);
  // Otherwise the requests are so odd, or so good, that they test nothing.
  for (const count of Object.values(agreed)) expect(count).toBeGreaterThan(requests / 20);
  expect(Math.min(...operations.values())).toBeGreaterThan(10);
});

test.each<[string, (document: string) => string]>([
  ['a length', (text) => text.replaceAll('"maxLength":120', '"maxLength":12000')],
  ['a range', (text) => text.replaceAll('"maximum":1000', '"maximum":1000000')],
  ['an expression', (text) => text.replaceAll('[a-z0-9-]{1,64}', '[a-zA-Z0-9_-]{1,80}')],
  ['what is required', (text) => text.replaceAll(/"required":\["name"[^\]]*\]|"required":true/g, '"x-was":[]')],
  ['who may call', (text) => text.replaceAll(/"security":\[\{[^\]]*\]\}\]/g, '"security":[]')],
  ['a reason', (text) => text.replaceAll('"NOT_FOUND":{"$ref"', '"SOMETHING":{"$ref"')],
  ['a field', (text) => text.replaceAll('"title":{', '"heading":{')],
  ['an answer', (text) => text.replaceAll('"state":{"description"', '"state":{"type":"integer","description"')],
])('a document that is wrong about %s is noticed', { timeout: 240_000 }, async (_what, change) => {
  const { findings } = await compareVerdicts(stage.platform.endpoints, { seed: 2, requests: 2_000, enough: 1, change });
  expect(findings.length).toBeGreaterThan(0);
});
