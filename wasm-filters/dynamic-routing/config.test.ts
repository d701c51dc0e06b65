import { expect, test } from 'vitest';
import { byClaim, RunningFilter } from './testing/running-filter.ts';

const text = JSON.stringify(byClaim);

test.each([
  ['nothing', '', 'it is not valid JSON'],
  ['a list', '[]', 'it is not a JSON object'],
  ['an unknown field', { ...byClaim, claims: [] }, 'unknown field "claims"'],
  ['a repeated field', text.replace('{', '{"claim":"x",'), '"claim" stands twice'],
  ['no payloads', { ...byClaim, payloads: undefined }, '"payloads" must list the names'],
  ['an empty list of payloads', { ...byClaim, payloads: [] }, '"payloads" must list the names'],
  ['a payload that is a number', { ...byClaim, payloads: [1] }, '"payloads" must have texts'],
  ['a payload with a NUL', { ...byClaim, payloads: ['a\0b'] }, '"payloads" must have texts without control characters'],
  ['an empty claim', { ...byClaim, claim: '' }, '"claim" must be the name of a claim'],
  ['a claim with a NUL', { ...byClaim, claim: 'a\0b' }, '"claim" must be the name of a claim'],
  ['no header for the choice', { ...byClaim, choice_header: undefined }, '"choice_header" must be a lower-case header name'],
  ['a pseudo header', { ...byClaim, choice_header: ':path' }, '"choice_header" must be a lower-case header name'],
  ['no headers', { ...byClaim, headers: {} }, '"headers" must be an object with a header for each service'],
  ['headers as a list', { ...byClaim, headers: ['x'] }, '"headers" must be an object'],
  ['an upper-case header', { ...byClaim, headers: { job: 'X-Job' } }, 'service "job" must have a lower-case header name'],
  ['a header for two services', { ...byClaim, headers: { job: 'x', edge: 'x' } }, 'header "x" stands twice'],
  ["the choice's header for a service", { ...byClaim, headers: { job: 'x-preview' } }, 'header "x-preview" stands twice'],
  ['a service of two lines', { ...byClaim, headers: { 'a\nb': 'x' } }, 'must be of lower-case letters, digits and hyphens'],
  ['a service with an equals sign', { ...byClaim, headers: { 'a=b': 'x' } }, 'must be of lower-case letters, digits and hyphens'],
  ['a text for what is stripped', { ...byClaim, stripped_early: 'yes' }, '"stripped_early" must be true or false'],
  ['a repeated service', text.replace('"partner":"x', '"customer":"x'), 'service "customer" stands twice'],
])('%s is refused, and the reason says what is wrong', async (_, config, reason) => {
  const started = RunningFilter.start(config);
  await expect(started).rejects.toThrow('the filter refused its configuration: dynamic-routing: the plugin configuration is wrong: ');
  await expect(started).rejects.toThrow(reason);
});
