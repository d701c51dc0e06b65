import type { ConformanceCase, UpstreamError } from '../conformance-case.ts';

const customer = { as: 'customer' } as const;
const get = { method: 'GET', path: '/v1/deals/tea' } as const;

function status(code: number, http: number): ConformanceCase {
  return {
    name: `gRPC status ${code} becomes ${http}`,
    about: ['transcoder.status', 'transcoder.convert-status'],
    request: get,
    upstream: { error: { code, message: 'why: 組' } },
    expect: {
      status: http,
      headers: { 'content-type': 'application/json', 'grpc-status': null },
      body: { json: { code, message: 'why: 組' } },
    },
  };
}

const detailed: UpstreamError = {
  code: 9,
  message: 'full',
  details: [
    {
      '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
      reason: 'GROUP_FULL',
      domain: 'kumiko.example',
      metadata: { group: 'groups/g1' },
    },
  ],
};

/** How responses become JSON. */
export const responses: readonly ConformanceCase[] = [
  ...(
    [
      [1, 499],
      [2, 500],
      [3, 400],
      [4, 504],
      [5, 404],
      [6, 409],
      [7, 403],
      [8, 429],
      [9, 400],
      [10, 409],
      [11, 400],
      [12, 501],
      [13, 500],
      [15, 500],
      [16, 401],
    ] as const
  ).map(([code, http]) => status(code, http)),
  {
    name: 'details of an error',
    about: ['transcoder.convert-status'],
    request: get,
    upstream: { error: detailed },
    expect: { status: 400, body: { json: { code: 9, message: 'full', details: [...detailed.details!] } } },
  },
  {
    name: 'fields with their default are left out',
    about: ['transcoder.status'],
    request: get,
    upstream: { reply: { name: 'deals/tea', groupSize: 0 } },
    expect: { status: 200, body: { json: { name: 'deals/tea' } } },
  },
  {
    name: 'a server stream, one JSON text a line',
    about: ['transcoder.server-streaming', 'transcoder.answers'],
    request: { method: 'GET', path: '/v1/groups/g1:watch', token: customer },
    upstream: { stream: [{ resumeToken: '1' }, { resumeToken: '2' }] },
    expect: {
      status: 200,
      headers: { 'content-type': 'application/x-ndjson', 'grpc-status': null },
      body: '{"resumeToken":"1"}\n{"resumeToken":"2"}\n',
    },
  },
  {
    name: 'an error within a stream ends a well-formed body',
    about: ['transcoder.server-streaming'],
    request: { method: 'GET', path: '/v1/groups/g1:watch', token: customer },
    upstream: { stream: [{ resumeToken: '1' }], error: { code: 14, message: 'gone' } },
    expect: { status: 200, body: '{"resumeToken":"1"}\n' },
  },
  {
    name: 'an error before a stream begins',
    about: ['transcoder.server-streaming'],
    request: { method: 'GET', path: '/v1/groups/g1:watch', token: customer },
    upstream: { error: { code: 5, message: 'no such group' } },
    expect: { status: 404, headers: { 'content-type': 'application/json' }, body: { json: { code: 5, message: 'no such group' } } },
  },
  {
    name: 'a stream by native gRPC keeps its content type, and its status',
    about: ['transcoder.server-streaming'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/WatchGroup', token: customer, grpc: { name: 'groups/g1' } },
    upstream: { stream: [{ resumeToken: '1' }] },
    expect: { status: 200, grpcStatus: 0, headers: { 'content-type': 'application/grpc' }, messages: [{ resumeToken: '1' }] },
  },
  {
    name: 'an idempotent method is tried again after a refused stream',
    about: ['router.retries'],
    request: get,
    upstream: { reset: 'refused-stream', times: 1 },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', attempts: 2 },
  },
  {
    name: 'an upstream that keeps resetting',
    about: ['router.retries', 'local-replies.json'],
    request: get,
    upstream: { reset: 'internal-error' },
    expect: { status: 503, body: /upstream connect error or disconnect\/reset before headers/ },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', attempts: 3 },
  },
  {
    name: 'answers that are not public reads are not stored',
    about: ['router.caching'],
    request: { method: 'GET', path: '/v1/profile', token: customer },
    expect: { status: 200, headers: { 'cache-control': 'no-store', server: 'envoy' } },
  },
  {
    name: 'a method that must not happen twice is not tried again',
    about: ['router.retries'],
    request: { method: 'POST', path: '/v1/partner/token', body: '{}' },
    upstream: { reset: 'refused-stream' },
    expect: { status: 503 },
    expectUpstream: { path: '/kumiko.partner.v1.PartnerTokenService/ExchangeToken', attempts: 1 },
  },
  {
    name: 'an answer of UNAVAILABLE is tried again, and passed on at last',
    about: ['router.retries'],
    request: get,
    upstream: { error: { code: 14, message: 'busy' } },
    expect: { status: 503, body: { json: { code: 14, message: 'busy' } } },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', attempts: 3 },
  },
  {
    name: 'another error is passed on at once',
    about: ['router.retries'],
    request: get,
    upstream: { error: { code: 13, message: 'broken' } },
    expect: { status: 500 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', attempts: 1 },
  },
  {
    name: 'a detail of an unknown type empties the body',
    about: ['transcoder.convert-status'],
    request: get,
    // google.rpc.Status { code: 5, message: "x", details: [Any { type_url: "type.googleapis.com/no.Such" }] }
    upstream: { error: { code: 5, message: 'x', rawDetails: 'CAUSAXgaHQobdHlwZS5nb29nbGVhcGlzLmNvbS9uby5TdWNo' } },
    expect: { status: 404, body: '' },
  },
  {
    name: 'a reply without a status is 503',
    about: ['transcoder.status'],
    request: get,
    upstream: { raw: 'AAAAAAA=', headers: { 'content-type': 'application/grpc' }, trailers: { 'x-nothing': '1' } },
    expect: { status: 503 },
  },
  {
    name: 'an answer that is no gRPC, as Cloud Run’s own pages are, passes as it is',
    about: ['transcoder.status'],
    request: get,
    upstream: { raw: 'PGgxPg==', status: 429, headers: { 'content-type': 'text/html' } },
    expect: { status: 429, body: '<h1>', headers: { 'content-type': 'text/html' } },
  },
  {
    name: 'a public read may be kept for a moment',
    about: ['router.caching'],
    request: get,
    expect: { status: 200, headers: { 'cache-control': 'public, max-age=5' } },
  },
  {
    name: 'a service’s own word about caching does not count for a public read',
    about: ['router.caching'],
    request: get,
    upstream: { reply: {}, headers: [['cache-control', 'public, max-age=86400']] },
    expect: { status: 200, headers: { 'cache-control': 'public, max-age=5' } },
  },
  {
    name: 'a refusal of the gateway is not stored',
    about: ['router.caching'],
    request: { method: 'GET', path: '/v1/profile' },
    expect: { status: 401, headers: { 'cache-control': 'no-store' } },
  },
  {
    name: 'a transcoded request that no upstream answers is told in plain HTTP',
    about: ['local-replies.json'],
    request: { method: 'POST', path: '/v1/groups', token: customer, body: {} },
    upstream: { reset: 'internal-error' },
    expect: {
      status: 503,
      headers: { 'grpc-status': null, 'content-type': 'application/json' },
      body: /^\{"code":14,"details":\[\],"message":"upstream connect error or disconnect\/reset before headers/,
    },
  },
  {
    name: 'a native request that no upstream answers is told in gRPC',
    about: ['local-replies.grpc'],
    request: { method: 'POST', path: '/kumiko.customer.v1.CustomerService/GetDeal', grpc: {} },
    upstream: { reset: 'internal-error' },
    expect: { status: 200, grpcStatus: 14, body: '' },
  },
  {
    name: 'an error of a public read is not stored',
    about: ['router.caching'],
    request: get,
    upstream: { error: { code: 5, message: 'no such deal' } },
    expect: { status: 404, headers: { 'cache-control': 'no-store' } },
  },
  {
    name: 'what the gateway itself answers to a public read is not stored',
    about: ['router.caching'],
    request: { method: 'GET', path: '/v1/deals?colour=red' },
    expect: { status: 400, headers: { 'cache-control': 'no-store' } },
  },
  {
    name: 'a page of Cloud Run’s own in place of a public read is not stored',
    about: ['router.caching'],
    request: get,
    upstream: { raw: 'PGgxPg==', status: 503, headers: { 'content-type': 'text/html' } },
    expect: { status: 503, headers: { 'cache-control': 'no-store' } },
  },
];
