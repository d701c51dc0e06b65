import { afterEach, expect, test } from 'vitest';
import { byClaim, byClaimStripped, byHeader, RunningFilter } from './testing/running-filter.ts';

let filter: RunningFilter;

afterEach(() => {
  filter.host.close();
  expect(filter.host.trapped).toBe(false);
});

const names = ['x-preview-customer', 'x-preview-partner', 'x-preview-job', 'x-preview'];

/** The host calls of a request. */
async function callsOf(config: unknown, claim: object | undefined): Promise<string[]> {
  filter = await RunningFilter.start(config);
  const calls: string[] = [];
  filter.host.onHostCall = (name) => calls.push(name.replace(/^proxy_|_header_map_value$/g, ''));
  filter.route({ customer: { iss: 'i', kumiko_preview: claim as never } });
  return calls;
}

test('a request that chooses nothing costs one look at each payload', async () => {
  expect(await callsOf(byClaimStripped, undefined)).toEqual(['get_property', 'get_property']);
});

test('a request with a choice costs a look at it and a header for each service that it names', async () => {
  expect(await callsOf(byClaimStripped, { job: 'pr-7' })).toEqual(['get_property', 'replace', 'increment_metric', 'replace']);
});

test('where the gateway does not say so, every header is looked for', async () => {
  expect((await callsOf(byClaim, undefined)).filter((name) => name === 'get')).toHaveLength(names.length);
});

test('a choice replaces the header that it is about', async () => {
  filter = await RunningFilter.start(byClaimStripped);
  expect(filter.route({ customer: { kumiko_preview: { job: 'pr-7' } } }).headers).toEqual({
    'x-preview-job': 'pr-7',
    'x-preview': 'job=pr-7',
  });
});

test('without a claim the header with the choice is not removed early, and is still only for the verified', async () => {
  filter = await RunningFilter.start({ ...byHeader, stripped_early: true });
  const carried = [['x-preview', 'job=pr-7']] as const;
  expect(filter.route({ trigger: { iss: 'g' } }, carried).headers).toEqual({ 'x-preview-job': 'pr-7', 'x-preview': 'job=pr-7' });
  expect(filter.route({}, carried).headers).toEqual({});
});
