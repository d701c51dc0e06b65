import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Property } from '../testing/host/properties.ts';
import { RunningFilter } from './testing/running-filter.ts';

let filter: RunningFilter;

beforeEach(async () => {
  filter = await RunningFilter.start();
});

afterEach(() => {
  filter.host.close();
  expect(filter.host.trapped).toBe(false);
});

/** What a customer's verified token says beside its claims of every day. */
function customer(claim: Property | undefined): { readonly [provider: string]: Property } {
  return { customer: { iss: 'https://issuer.example', sub: 'alice', kumiko_preview: claim } };
}

test('a verified claim becomes a header for each service that it names, and one with the whole choice', () => {
  const { headers } = filter.route(customer({ job: 'pr-7', partner: 'pr-123' }));
  expect(headers).toEqual({ 'x-preview-partner': 'pr-123', 'x-preview-job': 'pr-7', 'x-preview': 'partner=pr-123,job=pr-7' });
  expect(filter.metric('chosen')).toBe(1);
});

test("any provider's payload will do", () => {
  const { headers } = filter.route({ partner: { iss: 'p', kumiko_preview: { partner: 'pr-1' } } });
  expect(headers).toEqual({ 'x-preview-partner': 'pr-1', 'x-preview': 'partner=pr-1' });
});

test('a payload under a name that is not configured chooses nothing', () => {
  expect(filter.route({ trigger: { iss: 't', kumiko_preview: { partner: 'pr-1' } } }).headers).toEqual({});
});

test.each([{}, customer(undefined), customer({})])(
  'a request that chooses nothing is not touched, so that its route is not matched again',
  (payloads) => {
    const calls: string[] = [];
    filter.host.onHostCall = (name) => calls.push(name);
    expect(filter.route(payloads).headers).toEqual({});
    expect(calls.filter((name) => /replace|remove|increment/.test(name))).toEqual([]);
  },
);

test('copies that a client sent are removed, whether its token chooses something or not', () => {
  const spoofed = [
    ['x-preview-partner', 'pr-666'],
    ['x-preview-partner', 'pr-667'],
    ['x-preview-job', ''],
    ['x-preview', 'partner=pr-666'],
  ] as const;
  const { headers } = filter.route({}, spoofed);
  expect(headers).toEqual({});
  expect(filter.route(customer({ customer: 'pr-1' }), spoofed).headers).toEqual({
    'x-preview-customer': 'pr-1',
    'x-preview': 'customer=pr-1',
  });
  expect(filter.metric('spoofed')).toBe(2);
});

test('services that the configuration lacks get no header', () => {
  expect(filter.route(customer({ webhook: 'pr-1', partner: 'pr-2' })).headers).toEqual({
    'x-preview-partner': 'pr-2',
    'x-preview': 'partner=pr-2',
  });
});

const longest = `a${'b'.repeat(45)}`;

test.each<[string, Property]>([
  ['an empty text', ''],
  ['a digit in front', '1-pr'],
  ['upper case', 'PR-1'],
  ['a dot', 'pr.1'],
  ['another header', 'pr-1\r\nx-evil: 1'],
  ['a list of targets', 'pr-1,job=pr-2'],
  ['47 characters', `${longest}c`],
  ['a number', 12],
  ['a boolean', true],
  ['an object', { 'pr-1': 'x' }],
])('%s is no target: the header says "-", which no route has, and it is not carried on', (_, target) => {
  expect(filter.route(customer({ partner: target })).headers).toEqual({ 'x-preview-partner': '-' });
  expect(filter.metric('refused')).toBe(1);
  expect(filter.metric('chosen')).toBe(0);
});

test('46 characters are a target', () => {
  expect(filter.route(customer({ partner: longest })).headers['x-preview-partner']).toBe(longest);
});

test.each<[string, Property]>([
  ['a text', 'partner=pr-1'],
  ['a number', 1],
  ['an empty object', {}],
])('a claim that is %s chooses nothing', (_, claim) => {
  expect(filter.route(customer(claim)).headers).toEqual({});
});

test.each<[string, Property]>([
  ['of texts', ['partner']],
  ['of a text that looks like a choice', ['partner', 'pr-1']],
  ['of objects', [{ partner: 'pr-1' }]],
  ['with nothing in it', []],
  ['of nulls', [null]],
])('a claim that is a list %s chooses nothing, though Envoy shows it like an object', (_, claim) => {
  expect(filter.route(customer(claim)).headers).toEqual({});
  expect(filter.metric('refused')).toBe(0);
});

test.each<[string, Property]>([
  ['a list with a tag', ['pr-1']],
  ['an empty list', []],
  ['a list of lists', [['pr-1']]],
  ['an object with a tag', { pr: 'pr-1' }],
  ['an object in an object', { a: { b: 'pr-1' } }],
])('a target that is %s never becomes a header value, and another service is not harmed', (_, target) => {
  const { headers } = filter.route(customer({ partner: target, job: 'pr-7' }));
  expect(headers).toEqual({ 'x-preview-partner': '-', 'x-preview-job': 'pr-7', 'x-preview': 'job=pr-7' });
});

test('a null inside the claim does not hide its other members', () => {
  const claim = { job: null, partner: 'pr-1' };
  expect(filter.route(customer(claim)).headers).toEqual({ 'x-preview-partner': 'pr-1', 'x-preview': 'partner=pr-1' });
});

test('claims that come again and others between them are each read as they are', () => {
  const one = { 'x-preview-partner': 'pr-1', 'x-preview': 'partner=pr-1' };
  for (let round = 0; round < 3; round++) {
    expect(filter.route(customer({ partner: 'pr-1' })).headers).toEqual(one);
    expect(filter.route(customer({ partner: 'pr-1' })).headers).toEqual(one);
    expect(filter.route(customer({ partner: 'pr-2' })).headers['x-preview']).toBe('partner=pr-2');
    expect(filter.route(customer({ partner: 'PR-1' })).headers).toEqual({ 'x-preview-partner': '-' });
    expect(filter.route(customer({ partner: 'PR-1' })).headers).toEqual({ 'x-preview-partner': '-' });
  }
  expect(filter.metric('refused')).toBe(6);
});

test.each([
  ['a count beyond its end', '\u0001\0\0\0'],
  ['sizes beyond its end', `\u0001\0\0\0\u0007\0\0\0\u00ff\0\0\0partner\0pr-1\0`],
  ['a huge count', '\u007f\u007f\u007f\u007f'],
])('a claim that is a text made to look like an object, with %s, chooses nothing', (_, text) => {
  expect(filter.route(customer(text)).headers).toEqual({});
});
