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
    about: ['transcoder.server-streaming'],
    request: { method: 'GET', path: '/v1/groups/g1:watch', token: customer },
    upstream: { stream: [{ resumeToken: '1' }, { resumeToken: '2' }] },
    expect: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"resumeToken":"1"}\n{"resumeToken":"2"}\n' },
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
    expect: { status: 404, body: { json: { code: 5, message: 'no such group' } } },
  },
  {
    name: 'an idempotent method is tried again after a refused stream',
    about: ['transcoder.server-streaming'],
    request: get,
    upstream: { reset: 'refused-stream', times: 1 },
    expect: { status: 200 },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', attempts: 2 },
  },
  {
    name: 'an upstream that keeps resetting',
    about: ['transcoder.server-streaming'],
    request: get,
    upstream: { reset: 'internal-error' },
    expect: { status: 503, body: /upstream connect error or disconnect\/reset before headers/ },
    expectUpstream: { path: '/kumiko.customer.v1.CustomerService/GetDeal', attempts: 3 },
  },
  {
    name: 'answers that are not public reads are not stored',
    about: ['upstream.authority'],
    request: { method: 'GET', path: '/v1/profile', token: customer },
    expect: { status: 200, headers: { 'cache-control': 'no-store', server: 'envoy' } },
  },
  {
    name: 'a preflight of an allowed origin',
    about: ['filters.cors'],
    request: {
      method: 'OPTIONS',
      path: '/v1/profile',
      headers: [
        ['origin', 'http://localhost:5173'],
        ['access-control-request-method', 'GET'],
      ],
    },
    expect: { status: 200, headers: { 'access-control-allow-origin': 'http://localhost:5173', 'access-control-max-age': '600' } },
    expectUpstream: 'untouched',
  },
  {
    name: 'a preflight of another origin',
    about: ['filters.cors'],
    request: {
      method: 'OPTIONS',
      path: '/v1/profile',
      headers: [
        ['origin', 'http://evil.example'],
        ['access-control-request-method', 'GET'],
      ],
    },
    expect: { status: 200, headers: { 'access-control-allow-origin': null } },
    expectUpstream: 'untouched',
  },
  {
    name: 'the health check needs no token',
    about: ['filters.health-check'],
    request: { method: 'GET', path: '/health' },
    expect: { status: 200 },
    expectUpstream: 'untouched',
  },
];
