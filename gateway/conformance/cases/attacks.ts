import type { ConformanceCase } from '../conformance-case.ts';
import type { Topic } from '../facts.ts';
import { spoofedHeaders as spoofed, strippedHeaders } from '../spoofed-headers.ts';

const customer = { as: 'customer' } as const;
const getDeal = '/kumiko.customer.v1.CustomerService/GetDeal';
const json = [['content-type', 'application/json']] as const;
const grpc = [
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
] as const;

function badPath(name: string, about: readonly Topic[], path: string): ConformanceCase {
  return {
    name,
    about: ['hcm.paths', ...about],
    request: { method: 'GET', path, token: customer },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  };
}

const underscored = { method: 'GET', path: '/v1/deals/tea', headers: [['x_serverless_authorization', 'forged']] } as const;
const many = { method: 'GET', path: '/v1/deals/tea', headers: Array.from({ length: 120 }, (_, i) => [`x-h${i}`, '1'] as const) } as const;

/** What a hostile client tries. */
export const attacks: readonly ConformanceCase[] = [
  {
    name: 'spoofed internal headers on a public REST route',
    about: ['hcm.early-strip', 'attack.spoofed-headers'],
    request: { method: 'GET', path: '/v1/deals/tea', headers: spoofed },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.customer.v1.CustomerService/GetDeal',
      headers: strippedHeaders({ method: 'GET', path: '/v1/deals/tea' }),
    },
  },
  {
    name: 'spoofed internal headers on a REST route with a token',
    about: ['hcm.early-strip', 'attack.spoofed-headers'],
    request: { method: 'GET', path: '/v1/profile', headers: spoofed, token: customer },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.customer.v1.CustomerService/GetProfile',
      headers: { ...strippedHeaders({ method: 'GET', path: '/v1/profile' }), authorization: /^Bearer ey/ },
    },
  },
  {
    name: 'spoofed internal headers on a webhook',
    about: ['hcm.early-strip', 'attack.spoofed-headers'],
    request: { method: 'POST', path: '/v1/webhooks/payments/yamapay', headers: spoofed, body: '{}' },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.webhook.v1.WebhookService/ReceivePaymentEvent',
      headers: strippedHeaders({ method: 'POST', path: '/v1/webhooks/payments/yamapay' }),
    },
  },
  {
    name: 'spoofed internal headers by gRPC',
    about: ['hcm.early-strip', 'attack.spoofed-headers'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetDeal', headers: spoofed, grpc: {} },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', headers: strippedHeaders(undefined) },
  },
  badPath('an escaped slash', ['attack.escaped-slash'], '/v1/deals/a%2Fb'),
  badPath('an escaped backslash', ['attack.escaped-slash', 'attack.backslash'], '/v1/deals/a%5cb'),
  badPath('an escaped NUL', ['attack.nul'], '/v1/deals/a%00b'),
  badPath('a fragment', [], '/v1/deals/a#b'),
  {
    name: 'a header with an underscore by HTTP/1.1',
    about: ['hcm.edge-limits', 'attack.underscore'],
    request: { ...underscored, protocols: ['HTTP/1.1'] },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a header with an underscore by HTTP/2',
    about: ['hcm.edge-limits', 'attack.underscore'],
    request: { ...underscored, protocols: ['HTTP/2'] },
    expect: { reset: 'INTERNAL_ERROR' },
    expectUpstream: 'untouched',
  },
  {
    name: 'dot segments cannot reach another route without its token',
    about: ['hcm.paths', 'attack.dot-segments'],
    request: { method: 'GET', path: '/v1/deals/../profile' },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'dot segments are resolved before a method is looked for',
    about: ['hcm.paths', 'attack.dot-segments'],
    request: { method: 'GET', path: '/v1/deals/./../profile', token: customer },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetProfile' },
  },
  {
    name: 'slashes are merged before a method is looked for',
    about: ['hcm.paths', 'attack.double-slash'],
    request: { method: 'GET', path: '//v1//profile', token: customer },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetProfile' },
  },
  {
    name: 'slashes are merged before rules are matched',
    about: ['hcm.paths', 'attack.double-slash'],
    request: { method: 'GET', path: '//v1//profile' },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'two Authorization headers: the first is judged',
    about: ['attack.duplicate-authorization'],
    request: { method: 'GET', path: '/v1/profile', headers: [['authorization', 'Bearer forged.forged.forged']], token: customer },
    expect: { status: 401 },
    expectUpstream: 'untouched',
  },
  {
    name: 'two Authorization headers on a public route',
    about: ['attack.duplicate-authorization'],
    request: {
      method: 'GET',
      path: '/v1/deals/tea',
      headers: [
        ['authorization', 'Bearer a'],
        ['authorization', 'Bearer b'],
      ],
    },
    expect: { status: 200 },
  },
  {
    name: 'a lone surrogate in JSON',
    about: ['attack.utf-8'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: '{"deal":"\\ud800"}' },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'bytes that are no UTF-8 in JSON',
    about: ['attack.utf-8'],
    // {"deal":"\xff\xfe"}
    request: { method: 'POST', path: '/v1/groups', token: customer, headers: json, bytes: 'eyJkZWFsIjoi//4ifQ==' },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'bytes that are no UTF-8 behind a variable’s escapes are the service’s to refuse',
    about: ['attack.utf-8'],
    request: { method: 'GET', path: '/v1/deals/%ff%fe' },
    expect: { status: 200 },
    expectUpstream: { path: getDeal },
  },
  {
    name: 'deep JSON in a field that nobody knows is ignored or refused, never a crash',
    about: ['attack.deep-json'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: `{"deal":${'['.repeat(100_000)}` },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'deep JSON that is well-formed',
    about: ['attack.deep-json'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: `{"deal":${'['.repeat(20_000)}${']'.repeat(20_000)}}` },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'an enum value that the enum does not have',
    about: ['attack.unknown-enum'],
    request: { method: 'GET', path: '/v1/partner/deals', token: { as: 'partner' } },
    upstream: { reply: { deals: [{ name: 'deals/a', state: 99 }] } },
    expect: { status: 200, body: { json: { deals: [{ name: 'deals/a', state: 99 }] } } },
  },
  {
    name: 'an enum name that the enum does not have',
    about: ['attack.unknown-enum'],
    request: { method: 'POST', path: '/v1/partner/deals', token: { as: 'partner' }, body: { state: 'STATE_OF_CONFUSION' } },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'dot segments in escapes',
    about: ['hcm.paths', 'attack.dot-segments'],
    request: { method: 'GET', path: '/v1/deals/%2e%2E/profile' },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'an escaped slash between dot segments',
    about: ['attack.dot-segments', 'attack.escaped-slash'],
    request: { method: 'GET', path: '/v1/deals/..%2fprofile' },
    expect: { status: 400 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a path of slashes only',
    about: ['attack.double-slash'],
    request: { method: 'GET', path: '////' },
    expect: { status: 401 },
    expectUpstream: 'untouched',
  },
  {
    name: 'a header of 70 KiB',
    about: ['attack.oversized-headers'],
    request: { protocols: ['HTTP/1.1'], method: 'GET', path: '/v1/deals/tea', headers: [['x-long', 'a'.repeat(70 * 1024)]] },
    expect: { status: 431 },
    expectUpstream: 'untouched',
  },
  {
    name: 'more headers than there may be by HTTP/1.1',
    about: ['attack.oversized-headers', 'hcm.edge-limits'],
    request: { ...many, protocols: ['HTTP/1.1'] },
    expect: { status: 431 },
    expectUpstream: 'untouched',
  },
  {
    name: 'more headers than there may be by HTTP/2',
    about: ['attack.oversized-headers', 'hcm.edge-limits'],
    request: { ...many, protocols: ['HTTP/2'] },
    expect: { reset: 'INTERNAL_ERROR' },
    expectUpstream: 'untouched',
  },
  {
    name: 'a gRPC frame that says more than it brings is the service’s to refuse',
    about: ['attack.grpc-frames'],
    request: { protocols: ['HTTP/2'], method: 'POST', path: getDeal, headers: grpc, bytes: 'AAAAAP8KAQ==' },
    expect: { status: 200 },
    expectUpstream: { path: getDeal },
  },
  {
    name: 'a compressed gRPC frame of a client passes as it is',
    about: ['attack.grpc-frames'],
    request: { protocols: ['HTTP/2'], method: 'POST', path: getDeal, headers: [...grpc, ['grpc-encoding', 'gzip']], bytes: 'AQAAAAIAAA==' },
    expect: { status: 200 },
    expectUpstream: { path: getDeal, headers: { 'grpc-encoding': 'gzip' } },
  },
  {
    name: 'a truncated frame of the upstream is no answer with half a message',
    about: ['attack.grpc-frames', 'transcoder.status'],
    request: { method: 'GET', path: '/v1/deals/tea' },
    upstream: { raw: 'AAAAAP8KAQ==', headers: { 'content-type': 'application/grpc' }, trailers: { 'grpc-status': '0' } },
    expect: { status: 502, body: /^\{"code":14,"details":\[\],"message":"Incomplete gRPC frame/ },
  },
  {
    name: 'a compressed frame of the upstream cannot be transcoded',
    about: ['attack.grpc-frames'],
    request: { method: 'GET', path: '/v1/deals/tea' },
    upstream: { raw: 'AQAAAAIAAA==', headers: { 'content-type': 'application/grpc' }, trailers: { 'grpc-status': '0' } },
    expect: { status: 502 },
  },
  {
    name: 'alg none on a partner’s route',
    about: ['attack.alg-none'],
    request: { method: 'GET', path: '/v1/partner/deals', token: { as: 'partner', signature: 'none' } },
    expect: { status: 401 },
    expectUpstream: 'untouched',
  },
  {
    name: 'spoofed internal headers on the health check’s neighbour',
    about: ['attack.spoofed-headers'],
    request: { method: 'GET', path: '/v1/nothing', headers: spoofed, token: customer },
    expect: { status: 404 },
    expectUpstream: 'untouched',
  },
  {
    name: 'spoofed internal headers on a trigger’s route',
    about: ['attack.spoofed-headers', 'hcm.early-strip'],
    at: 'jobs',
    request: { method: 'POST', path: '/v1/tasks/release-hold', headers: spoofed, token: { as: 'queue' }, body: {} },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.job.v1.JobService/ReleaseHold',
      headers: strippedHeaders({ method: 'POST', path: '/v1/tasks/release-hold' }),
    },
  },
  {
    name: 'spoofed internal headers on a preflight',
    about: ['attack.spoofed-headers'],
    request: {
      method: 'OPTIONS',
      path: '/v1/profile',
      headers: [...spoofed, ['origin', 'http://localhost:5173'], ['access-control-request-method', 'GET']],
    },
    expect: { status: 200 },
    expectUpstream: 'untouched',
  },
  {
    name: 'spoofed internal headers on the health check',
    about: ['attack.spoofed-headers'],
    request: { method: 'GET', path: '/health', headers: spoofed },
    expect: { status: 200 },
    expectUpstream: 'untouched',
  },
  {
    name: 'spoofed internal headers on a stream',
    about: ['attack.spoofed-headers', 'hcm.early-strip'],
    request: { method: 'GET', path: '/v1/groups/g1:watch', headers: spoofed, token: customer },
    upstream: { stream: [{ resumeToken: '1' }] },
    expect: { status: 200 },
    expectUpstream: {
      path: '/kumiko.customer.v1.CustomerService/WatchGroup',
      headers: { ...strippedHeaders({ method: 'GET', path: '/v1/groups/g1:watch' }), authorization: /^Bearer ey/ },
    },
  },
  {
    name: 'a native gRPC path with a JSON content type does not escape the transcoder',
    about: ['transcoder.unknown'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetProfile', token: customer, body: {} },
    expect: { status: 404 },
    expectUpstream: 'untouched',
  },
  {
    name: 'parameters in dot segments hide nothing',
    about: ['attack.path-parameters', 'attack.dot-segments', 'hcm.paths'],
    request: { method: 'GET', path: '/v1/deals/..;x=1/profile' },
    expect: { status: 401, body: /Jwt is missing/ },
    expectUpstream: 'untouched',
  },
  {
    name: 'parameters in escaped dot segments lead nowhere',
    about: ['attack.path-parameters', 'attack.dot-segments'],
    request: { method: 'GET', path: '/v1/deals/%2e%2e;x/profile', token: customer },
    expect: { status: 404 },
    expectUpstream: 'untouched',
  },
  {
    name: 'parameters make another path of a method’s',
    about: ['attack.path-parameters'],
    request: { method: 'GET', path: '/v1/profile;x=1', token: customer },
    expect: { status: 404 },
    expectUpstream: 'untouched',
  },
  {
    name: 'parameters make another path of a gRPC method’s',
    about: ['attack.path-parameters'],
    request: {
      protocols: ['HTTP/2'],
      method: 'POST',
      path: '/kumiko.customer.v1.CustomerService/GetProfile;x=1',
      headers: grpc,
      token: customer,
      bytes: 'AAAAAAA=',
    },
    expect: { status: 200, headers: { 'grpc-status': '12' } },
    expectUpstream: 'untouched',
  },
  {
    name: 'a client cannot ask for retries',
    about: ['attack.steering', 'hcm.early-strip'],
    request: { method: 'POST', path: '/v1/partner/token', headers: spoofed, body: '{}' },
    upstream: { reset: 'refused-stream' },
    expect: { status: 503 },
    expectUpstream: { path: '/kumiko.partner.v1.PartnerTokenService/ExchangeToken', attempts: 1 },
  },
  {
    name: 'a client cannot ask for more retries than there are',
    about: ['attack.steering', 'hcm.early-strip'],
    request: { method: 'GET', path: '/v1/deals/tea', headers: spoofed },
    upstream: { reset: 'refused-stream' },
    expect: { status: 503 },
    expectUpstream: { path: getDeal, attempts: 3 },
  },
  {
    name: 'a client cannot ask for another method',
    about: ['attack.steering'],
    request: { method: 'GET', path: '/v1/deals/tea', headers: [['x-http-method-override', 'POST']] },
    expect: { status: 200 },
    expectUpstream: { path: getDeal, headers: { 'x-envoy-original-method': 'GET' } },
  },
];
