import { expect, test } from 'vitest';
import { configuration, RunningFilter } from './testing/running-filter.ts';

const text = JSON.stringify(configuration);

test.each([
  ['nothing', '', 'it is not valid JSON'],
  ['JSON with a rest', `${text}}`, 'it is not valid JSON'],
  ['a list', '[]', 'it is not a JSON object'],
  ['JSON nested too deep', `{"audiences":${'['.repeat(40)}${']'.repeat(40)}}`, 'it is not valid JSON'],
  ['an unknown field', { ...configuration, cluster: 'x' }, 'unknown field "cluster"'],
  ['a repeated field', text.replace('{', '{"token_header":"x",'), '"token_header" stands twice'],
  [
    'no cluster',
    { ...configuration, metadata_cluster: undefined },
    '"metadata_cluster" must be the name of the metadata server\'s cluster',
  ],
  ['an empty cluster', { ...configuration, metadata_cluster: '' }, '"metadata_cluster" must be'],
  ['an upper-case header', { ...configuration, token_header: 'X-Token' }, '"token_header" must be a lower-case header name'],
  ['a pseudo header', { ...configuration, token_header: ':path' }, '"token_header" must be'],
  ['a header of two lines', { ...configuration, token_header: 'x\ny' }, '"token_header" must be'],
  ['audiences as a list', { ...configuration, audiences: [] }, '"audiences" must be an object, by cluster name'],
  [
    'no cluster at all',
    { ...configuration, audiences: {}, access_token_scopes: undefined },
    'there is no cluster in "audiences" or "access_token_scopes"',
  ],
  ['a cluster for both kinds', { ...configuration, access_token_scopes: { customer: 'x' } }, 'cluster "customer" stands twice'],
  [
    'scopes as a list',
    { ...configuration, access_token_scopes: { apis: ['x'] } },
    'cluster "apis" in "access_token_scopes" must have a text',
  ],
  ['an audience that is a number', { ...configuration, audiences: { customer: 1 } }, 'cluster "customer" in "audiences" must have a text'],
  ['an empty audience', { ...configuration, audiences: { customer: '' } }, 'cluster "customer" in "audiences" must have a text'],
  ['an audience with a space', { ...configuration, audiences: { customer: 'a b' } }, 'cluster "customer" in "audiences" must have a text'],
  [
    'an audience with a lone surrogate',
    text.replace('https://partner.example', '\\ud800'),
    'cluster "partner" in "audiences" must have a text',
  ],
  ['a text for what is not found', { ...configuration, not_found_routes: 'x' }, '"not_found_routes" must list names of routes'],
  ['a text for the routes', { ...configuration, answering_routes: 'not-found' }, '"answering_routes" must list names of routes'],
  ['a route without a name', { ...configuration, answering_routes: [''] }, '"answering_routes" must list names of routes'],
  ['all routes', { ...configuration, answering_routes: ['*'] }, '"answering_routes" must list names of routes'],
  ['a repeated cluster', text.replace('"partner":', '"customer":'), 'cluster "customer" stands twice'],
])('%s is refused, and the reason says what is wrong', async (_, config, reason) => {
  await expect(RunningFilter.start(config)).rejects.toThrow(
    `the filter refused its configuration: metadata-token: the plugin configuration is wrong: ${reason}`,
  );
});

test('escapes and white space are read as JSON has them', async () => {
  const config = '\t{ "metadata_cluster" : "m\\u0065ta\\/data",\r\n"token_header":"x","audiences":{"a\\"b":"https://a.example"} } ';
  const filter = await RunningFilter.start(config);
  filter.request('a"b');
  expect(filter.host.calls[0]!.request.cluster).toBe('meta/data');
  filter.host.close();
});
