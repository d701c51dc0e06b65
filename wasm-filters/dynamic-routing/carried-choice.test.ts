import { afterEach, beforeEach, expect, test } from 'vitest';
import { byHeader, RunningFilter } from './testing/running-filter.ts';

let filter: RunningFilter;
const verified = { trigger: { iss: 'https://accounts.google.com', kumiko_preview: { partner: 'pr-9' } } };

beforeEach(async () => {
  filter = await RunningFilter.start(byHeader);
});

afterEach(() => {
  filter.host.close();
  expect(filter.host.trapped).toBe(false);
});

test('without a claim in the configuration, verified requests carry their choice themselves, and their claims count for nothing', () => {
  const { headers } = filter.route(verified, [['x-preview', 'job=pr-7,partner=pr-123']]);
  expect(headers).toEqual({ 'x-preview-partner': 'pr-123', 'x-preview-job': 'pr-7', 'x-preview': 'partner=pr-123,job=pr-7' });
  expect(filter.route(verified).headers).toEqual({});
  expect(filter.metric('spoofed')).toBe(0);
});

test('what an unverified request carries is removed', () => {
  expect(filter.route({}, [['x-preview', 'job=pr-7']]).headers).toEqual({});
  expect(filter.route({ other: { iss: 'x' } }, [['x-preview', 'job=pr-7']]).headers).toEqual({});
  expect(filter.metric('spoofed')).toBe(2);
});

test('headers of single services are never taken, not even from verified requests', () => {
  expect(filter.route(verified, [['x-preview-job', 'pr-7']]).headers).toEqual({});
  expect(filter.metric('spoofed')).toBe(1);
});

test.each([
  ['job=PR', { 'x-preview-job': '-' }, 1],
  ['job=', { 'x-preview-job': '-' }, 1],
  ['job=a=b', { 'x-preview-job': '-' }, 1],
  ['job', {}, 1],
  ['=a', {}, 1],
  [',,', {}, 1],
  ['', {}, 0],
  ['billing=pr-1', {}, 0],
  ['BILLING=pr-1', {}, 1],
  ['job=a,job=b', { 'x-preview-job': 'a', 'x-preview': 'job=a' }, 0],
  ['job=PR,partner=b', { 'x-preview-job': '-', 'x-preview-partner': 'b', 'x-preview': 'partner=b' }, 1],
  [' job=a', {}, 1],
])('"%s" is read as %j', (value, headers, refused) => {
  expect(filter.route(verified, [['x-preview', value]]).headers).toEqual(headers);
  expect(filter.metric('refused')).toBe(refused);
});

test('of several choices the first counts, and none goes on as it came', () => {
  const twice = [
    ['x-preview', 'job=a'],
    ['x-preview', 'job=b'],
  ] as const;
  expect(filter.route(verified, twice).headers).toEqual({ 'x-preview-job': 'a', 'x-preview': 'job=a' });
});
